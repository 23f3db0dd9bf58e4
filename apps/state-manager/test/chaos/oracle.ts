import type { ReceivedCall } from '../kit/controller.ts';
import type { Contents } from '../faults/stores.ts';
import { brokenRules } from '../faults/naive-rules.ts';
import { storedWord, type Past, type PastTransition } from './past.ts';
import type { ChangeWriter, NodeWriter } from './writers.ts';

/** A call of Reconcile, as ActionController saw it. */
export interface AskedReconcile {
  readonly intent: string;
  readonly packageName: string;
}

export function askedReconciles(calls: readonly ReceivedCall[]): readonly AskedReconcile[] {
  return calls.map(({ metadata, request }) => ({
    intent: decodeURIComponent(String(metadata['statemanager-intent-id'])),
    packageName: String(request['scenario_name']),
  }));
}

/** What is in the store at the end, against what the nodes were told last and the rules. */
export function brokenEnd(contents: Contents, nodes: readonly NodeWriter[]): readonly string[] {
  const words = nodes.flatMap(({ name, acknowledged }) => {
    const stored = storedWord(contents, name);
    if (stored === acknowledged) return [];
    return [`node ${name}: word ${acknowledged} was acknowledged last, and ${stored} is stored`];
  });
  return [...words, ...brokenRules(contents)];
}

/** What was committed, against how it has to be: every generation once, in order, each from where the last one led. */
export function brokenPast({ transitions, words }: Past): readonly string[] {
  const broken: string[] = [];
  for (const [resource, entries] of transitions) {
    let before: PastTransition | undefined;
    for (const entry of entries) {
      const expected = (before?.generation ?? 0) + 1;
      const what = `${resource} at revision ${entry.revision}`;
      if (entry.generation !== expected) broken.push(`${what}: generation ${entry.generation}, not ${expected}`);
      if (entry.from !== (before?.to ?? null)) broken.push(`${what}: from ${entry.from}, not ${before?.to ?? null}`);
      before = entry;
    }
  }
  for (const [node, indexes] of words) {
    for (const [i, index] of indexes.entries()) {
      const newest = Math.max(-1, ...indexes.slice(Math.max(0, i - 50), i));
      if (index < newest) broken.push(`node ${node}: its word ${index} took the place of the newer ${newest}`);
    }
  }
  return broken;
}

/** Each change that was acknowledged is in the history once, and any other at most once; and nothing else is. */
export function brokenChanges({ transitions }: Past, writers: readonly ChangeWriter[]): readonly string[] {
  return writers.flatMap(({ name, changes }) => {
    const entries = transitions.get(`scenario/${name}`) ?? [];
    const found = entries.map(({ transitionId, to }) => `${transitionId} ${to}`);
    const expected = changes.map(({ id, target }) => `${id} ${target}`);
    return expected.join() === found.join()
      ? []
      : [`scenario ${name}: asked for ${difference(expected, found)}, committed ${difference(found, expected)}`];
  });
}

/**
 * A package that was in Error for longer than `withinMs` was asked to be reconciled, and whatever was asked belongs to a
 * time in Error: the same intent has the same id, whoever leads.
 */
export function brokenReconciles(
  { transitions }: Past,
  asked: readonly AskedReconcile[],
  withinMs: number,
  endedAt: number,
): readonly string[] {
  const broken: string[] = [];
  const intents = new Set<string>();
  const answered = new Set(asked.map(({ intent }) => intent));
  for (const [resource, entries] of transitions) {
    if (!resource.startsWith('package/')) continue;
    const name = resource.slice('package/'.length);
    for (const [i, { to, generation, at }] of entries.entries()) {
      if (to !== 'Error') continue;
      const intent = `${name}/${generation}`;
      intents.add(intent);
      const ms = (entries[i + 1]?.at ?? endedAt) - at;
      if (ms > withinMs && !answered.has(intent)) broken.push(`${intent} was dead for ${ms} ms, and not asked for`);
    }
  }
  for (const { intent, packageName } of asked) {
    if (!intents.has(intent)) broken.push(`${intent} was asked for, and was never dead`);
    if (intent.slice(0, intent.lastIndexOf('/')) !== packageName) broken.push(`${intent} was asked for ${packageName}`);
  }
  return broken;
}

function difference(of: readonly string[], without: readonly string[]): string {
  const known = new Set(without);
  const twice = of.filter((one, i) => of.indexOf(one) !== i);
  return JSON.stringify([...of.filter((one) => !known.has(one)), ...twice].slice(0, 5));
}
