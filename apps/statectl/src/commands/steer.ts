import { v1 } from '@statemanager/proto';
import { EXIT } from '../failure.ts';
import { readReferences } from '../kind.ts';
import { untilOf } from '../output/age.ts';
import { printable } from '../output/printable.ts';
import type { Shell } from '../shell.ts';

/** `retry`: ActionController is asked now. */
export async function retry({ servers, out, now }: Shell, words: readonly string[]): Promise<number> {
  for (const name of packagesOf(words)) {
    const request = { package: name };
    const { intent } = await servers.call(v1.ReconcileService, (client, call) => client.retryReconcile(request, call));
    const waits = intent?.waitsBecause ?? '';
    const attempts = intent?.attempts ?? 0;
    const next = waits === '' ? untilOf(intent?.nextAttemptAt, now()) : `waits: ${printable(waits)}`;
    out.line(`package/${name} is tried again (attempts so far: ${attempts}, next: ${next})`);
  }
  return EXIT.ok;
}

/** `pause`: nothing more is asked for these packages. */
export async function pause({ servers, out, source }: Shell, words: readonly string[]): Promise<number> {
  for (const name of packagesOf(words)) {
    const request = { package: name, source };
    await servers.call(v1.ReconcileService, (client, call) => client.pauseReconcile(request, call));
    out.line(`package/${name} is not reconciled until it is resumed`);
  }
  return EXIT.ok;
}

/** `resume`: what `pause` stopped goes on. */
export async function resume({ servers, out, source }: Shell, words: readonly string[]): Promise<number> {
  for (const name of packagesOf(words)) {
    const request = { package: name, source };
    await servers.call(v1.ReconcileService, (client, call) => client.resumeReconcile(request, call));
    out.line(`package/${name} is reconciled again`);
  }
  return EXIT.ok;
}

/** `package/x`, `package x y` or bare names. */
function packagesOf(words: readonly string[]): string[] {
  return readReferences(words, ['package'], 'package').map(({ name }) => name);
}
