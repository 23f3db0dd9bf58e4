import type { Chance } from '../faults/seed.ts';
import type { Direction } from '../kit/directed-proxy.ts';

/** What happens to a way while it is disturbed. */
export type Disturbance = 'cut' | 'delay' | 'hold';

/** Something that happens, to the leader or to the replica of a number. */
export type Fault =
  | { readonly type: 'kill'; readonly whom: Whom; readonly awayMs: number }
  | { readonly type: 'pause'; readonly whom: Whom; readonly ms: number }
  | { readonly type: 'rolling restart' }
  | { readonly type: 'etcd restart'; readonly member: number; readonly awayMs: number }
  | {
      readonly type: 'way';
      /** To etcd, or from clients and other replicas. */
      readonly way: 'to etcd' | 'from clients';
      readonly whom: Whom;
      readonly direction: Direction;
      readonly disturbance: Disturbance;
      readonly ms: number;
    };

export type Whom = 'leader' | 0 | 1 | 2;

/** When what happens, from the beginning. */
export interface Scheduled {
  readonly atMs: number;
  readonly fault: Fault;
}

export const PAUSE_MS = 8000;

/** One fault each `everyMs`. In each round of seven every kind comes once, in an order of its own. */
export function makeSchedule(chance: Chance, durationMs: number, everyMs: number): readonly Scheduled[] {
  const scheduled: Scheduled[] = [];
  let round: Fault[] = [];
  for (let atMs = everyMs; atMs < durationMs; atMs += everyMs) {
    if (round.length === 0) round = shuffled(chance, oneOfEach(chance));
    scheduled.push({ atMs, fault: round.pop() as Fault });
  }
  return scheduled;
}

/** A line a fault, for whoever has to understand a run. */
export function describeSchedule(schedule: readonly Scheduled[]): string {
  return schedule
    .map(({ atMs, fault: { type, ...rest } }) => `  ${(atMs / 1000).toFixed(1)} s: ${type} ${JSON.stringify(rest)}`)
    .join('\n');
}

function oneOfEach(chance: Chance): Fault[] {
  const whom = (): Whom => chance.one(['leader', 'leader', 0, 1, 2] as const);
  const way = (to: 'to etcd' | 'from clients'): Fault => ({
    type: 'way',
    way: to,
    whom: whom(),
    direction: chance.one(['forth', 'back'] as const),
    disturbance: chance.one(['cut', 'delay', 'hold'] as const),
    ms: chance.between(500, 4000),
  });
  return [
    { type: 'kill', whom: 'leader', awayMs: chance.between(0, 4000) },
    { type: 'kill', whom: whom(), awayMs: chance.between(0, 4000) },
    { type: 'pause', whom: whom(), ms: PAUSE_MS },
    { type: 'rolling restart' },
    { type: 'etcd restart', member: chance.between(0, 2), awayMs: chance.between(0, 2000) },
    way('to etcd'),
    way('from clients'),
  ];
}

function shuffled<T>(chance: Chance, items: readonly T[]): T[] {
  const left = [...items];
  return items.map(() => left.splice(chance.between(0, left.length - 1), 1)[0] as T);
}
