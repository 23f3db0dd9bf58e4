import { under, type Contents } from '../faults/stores.ts';
import { markerOf, NODES } from './writers.ts';

/** One entry of a resource's history, as it was written. */
export interface PastTransition {
  readonly resource: string;
  readonly revision: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly at: number;
  readonly generation: number;
  readonly transitionId?: string;
}

/** Everything that was ever committed, as far as it is held against the rules, in the order of commits. */
export interface Past {
  /** By `<kind>/<name>`. */
  readonly transitions: ReadonlyMap<string, readonly PastTransition[]>;
  /** Which of its words each node had, one after the other. */
  readonly words: ReadonlyMap<string, readonly number[]>;
}

interface WireEvent {
  readonly type?: 'DELETE';
  readonly kv: { readonly key: string; readonly value?: string; readonly mod_revision: string };
}

const HISTORY = '/statemanager/history/';
const NODE = '/statemanager/node/';

/**
 * Reads every commit from etcd's own memory, from the first one to `untilRevision`, through its JSON gateway. Nothing may
 * have been compacted.
 */
export async function readPast(endpoint: string, untilRevision: number): Promise<Past> {
  const transitions = new Map<string, PastTransition[]>();
  const words = new Map<string, number[]>(NODES.map((node) => [node, []]));
  for await (const { type, kv } of eventsUntil(endpoint, untilRevision)) {
    if (type === 'DELETE') continue;
    const key = textOf(kv.key);
    if (key.startsWith(HISTORY)) {
      const resource = key.slice(HISTORY.length, key.lastIndexOf('/'));
      const entry = JSON.parse(textOf(kv.value)) as Omit<PastTransition, 'resource' | 'revision'>;
      const known = transitions.get(resource) ?? [];
      known.push({ ...entry, resource, revision: Number(kv.mod_revision) });
      transitions.set(resource, known);
    } else if (key.startsWith(NODE)) {
      const node = key.slice(NODE.length);
      words.get(node)?.push(wordIn(node, textOf(kv.value)));
    }
  }
  return { transitions, words };
}

/** Which of its words the store has of a node; -1 if none. */
export function storedWord(contents: Contents, node: string): number {
  const [found] = under(contents, `${NODE}${node}`).filter(([rest]) => rest === '');
  return found === undefined ? -1 : wordIn(node, found[1]);
}

function wordIn(node: string, value: string): number {
  const { models } = JSON.parse(value) as { models: Record<string, readonly (readonly [string])[]> };
  return Number(models[markerOf(node)]?.[0]?.[0] ?? -1);
}

async function* eventsUntil(endpoint: string, untilRevision: number): AsyncGenerator<WireEvent> {
  const prefix = '/statemanager/';
  const end = '/statemanager0';
  const range = { key: base64(prefix), range_end: base64(end), start_revision: '1' };
  const stop = new AbortController();
  const answer = await fetch(`http://${endpoint}/v3/watch`, {
    method: 'POST',
    body: JSON.stringify({ create_request: range }),
    signal: stop.signal,
  });
  let rest = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) {
        const { result } = JSON.parse(line) as { result: { events?: readonly WireEvent[] } };
        for (const event of result.events ?? []) {
          if (Number(event.kv.mod_revision) > untilRevision) return;
          yield event;
        }
        if (Number(result.events?.at(-1)?.kv.mod_revision ?? 0) >= untilRevision) return;
      }
    }
  } finally {
    stop.abort();
  }
}

function base64(plain: string): string {
  return Buffer.from(plain).toString('base64');
}

function textOf(encoded: string | undefined): string {
  return Buffer.from(encoded ?? '', 'base64').toString();
}
