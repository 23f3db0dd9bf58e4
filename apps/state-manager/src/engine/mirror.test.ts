import { setTimeout as sleep } from 'node:timers/promises';
import { openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import { Fleet, type Transition } from '@statemanager/state-machine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CANDIDATE,
  ScriptedStore,
  change,
  createManager,
  defined,
  randomFrom,
  recordLog,
  report,
  reported,
} from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import type { Manager } from '../manager.ts';
import type { Committed, Follower } from './follower.ts';
import { Mirror } from './mirror.ts';

let store: ScriptedStore;
let leader: Manager;
let mirror: Mirror;
let over: AbortController;
let following: Promise<void>;
const recorded = recordLog();
/** What the leader's followers and the mirror's were told of, in words. */
let told: { readonly there: Told[]; readonly here: Told[] };

interface Told {
  readonly revision: number;
  readonly transitions: readonly Transition[];
  /** By name: in which order a commit's keys come decides nothing. */
  readonly changes: readonly unknown[];
}

const inWords = ({ revision, transitions, changes }: Committed): Told => ({
  revision,
  transitions,
  changes: [
    new Map(changes.changedRecords('model')),
    new Map(changes.changedRecords('package')),
    new Map(changes.changedRecords('scenario')),
    new Map(changes.changedNodes()),
    // That an intent ended which was not there is not stored; the views are compared at the end.
    new Map([...changes.changedIntents()].filter(([, intent]) => intent !== undefined)),
  ],
});

beforeEach(async () => {
  recorded.lines.length = 0;
  told = { there: [], here: [] };
  store = new ScriptedStore(openMemoryStore());
  leader = createManager(store, recorded.log);
  leader.follow({
    onCommit: (committed) => told.there.push(inWords(committed)),
  });
  leader.start(CANDIDATE);
  await leader.submit(change('first'));
});

afterEach(async () => {
  over.abort();
  await following;
  await leader.stop(1000);
  await store.close();
});

function follow(more: Follower = {}, on: KeyValueStore = store): void {
  const follower: Follower = {
    onMirrored: (committed) => told.here.push(inWords(committed)),
    ...more,
  };
  mirror = new Mirror({
    store: on,
    stateNames: 'bare',
    ownId: () => 'another',
    followers: [follower],
    log: recorded.log,
  });
  over = new AbortController();
  following = mirror.follow(over.signal);
}

const tableOf = (view: Fleet | undefined): unknown =>
  view === undefined
    ? undefined
    : (['scenario', 'package', 'model'] as const).map((kind) =>
        [...view.names(kind)].sort().map((name) => [name, view.record(kind, name), counts(view, kind, name)]),
      );

const counts = (view: Fleet, kind: string, name: string): unknown =>
  kind === 'package' ? [view.modelCounts(name), view.intent(name)] : [view.containerCounts(name), view.nodesOf(name)];

const STATUSES = ['running', 'exited', 'paused', 'created'] as const;

/** Something that happens to a small fleet. */
async function happen(random: () => number): Promise<void> {
  const pick = (count: number): number => Math.floor(random() * count);
  const what = pick(10);
  if (what === 0) await leader.submit(defined(`p${pick(3)}`, [`m${pick(5)}`, `m${pick(5)}x`], pick(1000)));
  else if (what === 1) await leader.submit({ type: 'package-undefined', name: `p${pick(3)}`, at: Date.now() });
  else if (what === 2) await leader.submit(change(`s${pick(3)}`, { transitionId: `t${random()}` }));
  else if (what === 3)
    await leader.submit({ type: 'node-forgotten', node: `n${pick(4)}`, source: 'test', at: Date.now() });
  else {
    const some = Array.from({ length: pick(4) }, () => reported(`m${pick(5)}`, STATUSES[pick(4)] ?? 'dead', pick(2)));
    await leader.submit(report(`n${pick(4)}`, ...some));
  }
}

describe('a mirror', () => {
  it('comes to the leader’s view, whatever happens while it loads and after, and tells of the same commits', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    console.log(`seed ${seed}`);
    const random = randomFrom(seed);
    for (let i = 0; i < 30; i += 1) await happen(random);
    // Commits happen between the parts of the load.
    store.onSnapshot = async (_, read) => {
      await happen(random);
      return await read();
    };
    follow({ onView: () => void (store.onSnapshot = undefined) });
    for (let i = 0; i < 200; i += 1) {
      await happen(random);
      if (i % 20 === 0) await sleep(1);
    }
    await leader.submit(change('last'));
    await eventually(() => expect(mirror.view?.record('scenario', 'last')).toBeDefined());
    const here = [...told.here];
    expect(here.length).toBeGreaterThan(100);
    expect(here).toEqual(told.there.slice(-here.length));
    expect(tableOf(mirror.view)).toEqual(tableOf(await viewOf(leader)));
  });

  it('knows who leads, and is told when that ends', async () => {
    const leaders: (string | undefined)[] = [];
    follow({ onLeader: (one) => leaders.push(one?.id) });
    await eventually(() => expect(mirror.leader).toEqual(CANDIDATE));
    await leader.stop(1000);
    await eventually(() => expect(leaders).toEqual([CANDIDATE.id, undefined]));
  });

  it('knows who came to lead after it had looked, and before it loaded', async () => {
    store.onGet = () => {
      store.onGet = undefined;
      return Promise.resolve(undefined);
    };
    follow();
    await eventually(() => expect(mirror.leader).toEqual(CANDIDATE));
  });

  it('says that the store went back, which none does by itself', async () => {
    follow();
    await eventually(() => expect(mirror.view).toBeDefined());
    const { revision } = mirror;
    over.abort();
    await following;
    const said = (): number =>
      recorded.said('the store went back: it was emptied or restored, and what came after that is gone').length;
    mirror.adopt(new Fleet(), revision);
    expect(said()).toBe(0);
    mirror.adopt(new Fleet(), revision - 1);
    expect(said()).toBe(1);
  });

  it('tells nothing of leaders that came and went before it looked', async () => {
    follow();
    await eventually(() => expect(mirror.view).toBeDefined());
    const revision = mirror.revision;
    over.abort();
    await following;
    await leader.stop(1000);
    leader = createManager(store, recorded.log);
    leader.start({ id: 'next', address: '127.0.0.1:2' });
    await leader.submit(change('second'));
    const leaders: (string | undefined)[] = [];
    follow({ onLeader: (one) => leaders.push(one?.id) });
    mirror.adopt(new Fleet(), revision);
    await eventually(() => expect(mirror.view?.record('scenario', 'second')).toBeDefined());
    expect(leaders).toEqual(['next']);
  });

  it('reaches a fence once it has seen everything before it', async () => {
    follow();
    await eventually(() => expect(mirror.view).toBeDefined());
    expect(await mirror.reach('nobody put this', 20, over.signal)).toBe(false);
    const reaching = mirror.reach('ours', 5000, over.signal);
    await store.put('/statemanager/commit', 'ours');
    expect(await reaching).toBe(true);
  });

  it('loads anew when what it needs was compacted', async () => {
    let views = 0;
    follow({ onView: () => void (views += 1) });
    await eventually(() => expect(views).toBe(1));
    store.onWatch = () => {
      store.onWatch = undefined;
      throw new Error('the stream broke for good');
    };
    over.abort();
    await following;
    over = new AbortController();
    await leader.submit(change('meanwhile'));
    following = mirror.follow(over.signal);
    await eventually(() => expect(views).toBe(2));
    expect(mirror.view?.record('scenario', 'meanwhile')?.state).toBe('Idle');
  });

  it('keeps what it knew where a value cannot be read, and says which', async () => {
    follow();
    await eventually(() => expect(mirror.view).toBeDefined());
    await store.put('/statemanager/record/scenario/first', '{"broken"');
    await store.put('/statemanager/record/scenario/not/ours', '{}');
    await eventually(() =>
      expect(recorded.said('bad value in the store; what was known before stands')).toHaveLength(1),
    );
    expect(mirror.view?.record('scenario', 'first')?.state).toBe('Idle');
  });
});

/** The view that a manager decides with. */
async function viewOf(manager: Manager): Promise<Fleet> {
  let view: Fleet | undefined;
  const again = createManager(store, recorded.log);
  await manager.stop(1000);
  again.follow({
    onTerm: (term) => {
      view = term.view;
      return [];
    },
  });
  leader = again;
  again.start(CANDIDATE);
  return await eventually(() => {
    if (view === undefined) throw new Error('it does not lead yet');
    return view;
  });
}
