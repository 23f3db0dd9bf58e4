import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Afterwards } from '../faults/stand.ts';
import type { Contents } from '../faults/stores.ts';

const ENTRY = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Ended {
  /** null: a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs in a process of its own. */
export interface Command {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts `state-manager <args>`. */
export function start(args: readonly string[], input = ''): Command {
  const child = spawn(process.execPath, [ENTRY, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A command that is refused ends before it has read anything.
  child.stdin.on('error', () => undefined).end(input);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { process: child, ended };
}

/** Runs `state-manager <args>` to its end. */
export function run(args: readonly string[], input?: string): Promise<Ended> {
  return start(args, input).ended;
}

/** Exports a store, which has to work. Returns the file's lines. */
export async function exportTo(path: string, storeUrl: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await run(['export', '--store', storeUrl, '--file', path]);
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: '' });
  expect(stderr).toMatch(/^state-manager: exported [\d,]+ keys of .* as of revision \d+, to .*: .*; sha256 \w{64}\n$/);
  return readFileSync(path, 'utf8').split(/(?<=\n)/);
}

/** Imports a file, which has to work. Returns what was said. */
export async function importFrom(path: string, storeUrl: string, ...flags: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(['import', '--store', storeUrl, '--file', path, ...flags]);
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: '' });
  expect(stderr).toMatch(/state-manager: imported into .*: .* written, .* deleted, .* there before; it holds .*\n$/);
  return stderr;
}

/** A folder that goes with the test. */
export function folderFor(afterwards: Afterwards): string {
  const folder = mkdtempSync(join(tmpdir(), 'transfer-'));
  afterwards(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What an export of these contents holds, with whether each record was made from the document beside it. */
export function comparable(contents: Contents): Readonly<Record<string, string>> {
  const kept = [...contents].filter(([key]) => !/^\/statemanager\/(commit|leader)$/.test(key));
  return Object.fromEntries(
    kept.map(([key, { value }]) => {
      const [, kind = '', name = ''] = /^\/statemanager\/record\/(package|scenario)\/(.*)$/.exec(key) ?? [];
      const document = contents.get(`${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}/${name}`);
      return [
        key,
        value.replace(/("definition":\{.*?"revision":)(\d+)/, (_, before: string, revision: string) => {
          return `${before}${Number(revision) === document?.revision ? '"of the document"' : '"of another"'}`;
        }),
      ];
    }),
  );
}
