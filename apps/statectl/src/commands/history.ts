import { v1 } from '@statemanager/proto';
import { EXIT, usageError } from '../failure.ts';
import { readKind, readReferences } from '../kind.ts';
import { jsonOf, printValue, readFormat } from '../output/format.ts';
import { transitionLines } from '../output/transitions.ts';
import { listTransitions } from '../server/lists.ts';
import type { Shell } from '../shell.ts';

/** The kinds that have a history. */
export const HISTORY_KINDS = ['scenario', 'package', 'model'] as const;

/** The most that the server gives at once. */
export const MAX_HISTORY_COUNT = 1000;

const DEFAULT_COUNT = 64;

export interface HistoryOptions {
  readonly count?: number;
  readonly output?: string;
}

/** `history`: the transitions of one resource, of a kind or of all, newest first. */
export async function history(shell: Shell, words: readonly string[], options: HistoryOptions): Promise<number> {
  const format = readFormat(options.output, ['table', 'wide', 'json', 'yaml']);
  const transitions = await read(shell, words, options.count ?? DEFAULT_COUNT);
  if (format === 'json' || format === 'yaml') {
    await printValue(shell.out, format, { items: transitions.map((one) => jsonOf(v1.TransitionSchema, one)) });
  } else if (transitions.length === 0) {
    shell.out.note('No history found.');
  } else {
    const style = { wide: format === 'wide', nowMs: shell.now(), withName: true };
    for (const line of transitionLines(shell.out, transitions, style)) shell.out.line(line);
  }
  return EXIT.ok;
}

async function read({ servers }: Shell, words: readonly string[], count: number): Promise<v1.Transition[]> {
  const [first] = words;
  if (first === undefined) return listTransitions(servers, {}, count);
  if (words.length === 1 && !first.includes('/')) {
    const kind = readKind(first, HISTORY_KINDS);
    const all = await listTransitions(servers, {}, MAX_HISTORY_COUNT);
    return all.filter((transition) => transition.kind === kind).slice(0, count);
  }
  const [reference, ...more] = readReferences(words, HISTORY_KINDS);
  if (reference === undefined || more.length > 0) throw usageError('history shows one resource, a kind, or all');
  const transitions = await listTransitions(servers, reference, count);
  // One that is not known has none either; only this says so.
  if (transitions.length === 0)
    await servers.call(v1.StateService, (client, call) => client.getResource(reference, call));
  return transitions;
}
