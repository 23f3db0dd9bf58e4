import type { ApiPeer, Message, WireResource } from './api-peer.ts';

/** The states of all resources that have one in the store, by `kind/name`. */
export type States = ReadonlyMap<string, string>;

export async function statesOf(api: ApiPeer): Promise<States> {
  const resources = await api.list({ kinds: ['scenario', 'package', 'model'] });
  // A model that is only named counts as Created, and has no key.
  const stored = ({ kind, revision, state }: WireResource): boolean =>
    state !== '' && (kind !== 'model' || revision !== '0');
  return new Map(resources.filter(stored).map(({ kind, name, state }) => [`${kind}/${name}`, state]));
}

/** What differs: `kind/name: from → to`, where what is not there is empty. */
export function differences(before: States, after: States): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${key}: ${before.get(key) ?? ''} → ${after.get(key) ?? ''}`)
    .sort();
}

/** The changes of a dry run or a simulation, in the same words. */
export function foretold(changes: unknown): readonly string[] {
  return (changes as readonly Message[])
    .map(({ kind, name, from, to }) => `${String(kind)}/${String(name)}: ${String(from)} → ${String(to)}`)
    .sort();
}
