import type { v1 } from '@statemanager/proto';
import { msOf } from '../output/age.ts';
import { doubtsOf } from '../output/trust.ts';

/** Over how long rates are counted, in milliseconds. */
export const WINDOW_MS = 60_000;

/** The most transitions that are remembered: a storm costs no more than this. */
const MAX_STEPS_COUNT = 100_000;

/** One row of `top`: how many of a kind are in each state. */
export interface KindCounts {
  readonly kind: string;
  readonly total: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Those whose state cannot be trusted. */
  readonly doubtfulCount: number;
}

/** A package and how much happened to it and its models within the window. */
export interface BusyPackage {
  readonly name: string;
  readonly state: string;
  readonly stale: boolean;
  readonly inDoubt: boolean;
  readonly transitionCount: number;
}

type Known = Pick<v1.Resource, 'kind' | 'state' | 'stale' | 'inDoubt'> & { readonly packages: readonly string[] };

/** What `top` shows: everything known by kind and state, and what happened lately. */
export class Tally {
  readonly #known = new Map<string, Known>();
  #steps: { readonly atMs: number; readonly key: string }[] = [];

  /** Everything, in the place of what was known. */
  replace(resources: readonly v1.Resource[]): void {
    this.#known.clear();
    for (const resource of resources) this.put(resource);
  }

  put(resource: v1.Resource): void {
    const { kind, name, state, stale, inDoubt, detail } = resource;
    const packages = detail.case === 'model' ? detail.value.packages : kind === 'package' ? [name] : [];
    this.#known.set(`${kind}/${name}`, { kind, state, stale, inDoubt, packages });
  }

  remove({ kind, name }: Pick<v1.Resource, 'kind' | 'name'>): void {
    this.#known.delete(`${kind}/${name}`);
  }

  /** Something happened. */
  step({ kind, name, at }: Pick<v1.Transition, 'kind' | 'name' | 'at'>): void {
    this.#steps.push({ atMs: msOf(at) ?? 0, key: `${kind}/${name}` });
    if (this.#steps.length > MAX_STEPS_COUNT) this.#steps = this.#steps.slice(-MAX_STEPS_COUNT / 2);
  }

  /** Transitions a second within the window. */
  rateAt(nowMs: number): number {
    return this.#recent(nowMs).length / (WINDOW_MS / 1000);
  }

  counts(kinds: readonly string[]): KindCounts[] {
    const byKind = new Map(kinds.map((kind) => [kind, emptyRow()]));
    for (const known of this.#known.values()) {
      const row = byKind.get(known.kind);
      if (row === undefined) continue;
      row.total += 1;
      row.doubtfulCount += doubtsOf(known) === '' ? 0 : 1;
      const state = known.kind === 'node' ? (known.stale ? 'Unconfirmed' : 'Confirmed') : known.state || '<none>';
      row.counts[state] = (row.counts[state] ?? 0) + 1;
    }
    return [...byKind].map(([kind, row]) => ({ kind, ...row }));
  }

  /** The packages to which most happened within the window, most first. */
  busiest(count: number, nowMs: number): BusyPackage[] {
    const transitions = new Map<string, number>();
    for (const { key } of this.#recent(nowMs)) {
      for (const name of this.#known.get(key)?.packages ?? []) transitions.set(name, (transitions.get(name) ?? 0) + 1);
    }
    const busy = [...transitions].flatMap(([name, transitionCount]): BusyPackage[] => {
      const known = this.#known.get(`package/${name}`);
      if (known === undefined) return [];
      const { state, stale, inDoubt } = known;
      return [{ name, state, stale, inDoubt, transitionCount }];
    });
    return busy.sort((a, b) => b.transitionCount - a.transitionCount || (a.name < b.name ? -1 : 1)).slice(0, count);
  }

  #recent(nowMs: number): readonly { readonly key: string }[] {
    this.#steps = this.#steps.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
    return this.#steps;
  }
}

function emptyRow(): { total: number; doubtfulCount: number; counts: Record<string, number> } {
  return { total: 0, doubtfulCount: 0, counts: {} };
}
