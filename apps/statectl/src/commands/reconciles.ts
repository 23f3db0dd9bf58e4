import { v1 } from '@statemanager/proto';
import { EXIT } from '../failure.ts';
import { ageOf, untilOf } from '../output/age.ts';
import { attemptText } from '../output/detail.ts';
import { FORMATS, jsonOf, printValue, readFormat } from '../output/format.ts';
import type { Out } from '../output/out.ts';
import { printable } from '../output/printable.ts';
import { tableLines, type Cell } from '../output/table.ts';
import type { Shell } from '../shell.ts';

/** `reconciles`: what ActionController is asked to repair. */
export async function reconciles(shell: Shell, options: { readonly output?: string }): Promise<number> {
  const format = readFormat(options.output, FORMATS);
  const { out, servers } = shell;
  const answer = await servers.call(v1.ReconcileService, (client, call) => client.listIntents({}, call));
  if (format === 'json' || format === 'yaml') {
    const items = answer.intents.map((intent) => jsonOf(v1.IntentSchema, intent));
    await printValue(out, format, { items, revision: String(answer.revision) });
  } else if (answer.intents.length === 0) {
    out.note('Nothing is to be reconciled.');
  } else if (format === 'name') {
    for (const intent of answer.intents) out.line(printable(`package/${intent.package}`));
  } else {
    printTable(out, answer.intents, format === 'wide', shell.now());
  }
  return EXIT.ok;
}

function printTable(out: Out, intents: readonly v1.Intent[], wide: boolean, nowMs: number): void {
  const titles = ['PACKAGE', 'AGE', 'ATTEMPTS', 'LAST', 'NEXT', ...(wide ? ['ID', 'BACKOFF', 'SAID'] : []), 'WAITS'];
  const rows = intents.map((intent): Cell[] => {
    const { id, since, attempts, lastAttempt, nextAttemptAt, waitsBecause, backoffAttempts } = intent;
    const last = lastAttempt === undefined ? '-' : `${lastAttempt.outcome}, ${ageOf(lastAttempt.at, nowMs)} ago`;
    return [
      printable(intent.package),
      ageOf(since, nowMs),
      String(attempts),
      { text: printable(last), colour: lastAttempt?.outcome === 'accepted' ? 'good' : 'warn' },
      untilOf(nextAttemptAt, nowMs),
      ...(wide
        ? [printable(id), String(backoffAttempts), lastAttempt === undefined ? '-' : attemptText(lastAttempt)]
        : []),
      printable(waitsBecause) || '-',
    ];
  });
  for (const line of tableLines(titles, rows, out.paint)) out.line(line);
}
