import { setTimeout as sleep } from 'node:timers/promises';
import { RESOURCE_KINDS, containerStateOf, type Fleet, type Report } from '@statemanager/state-machine';
import { StoreError, openMemoryStore, type CommitResult } from '@statemanager/state-store';
import { expect, it } from 'vitest';
import { EngineError } from '../../src/engine/engine-error.ts';
import { loadView } from '../../src/engine/load-view.ts';
import type { Manager } from '../../src/manager.ts';
import {
  CANDIDATE,
  ScriptedStore,
  change,
  createManager,
  defined,
  recordLog,
  report,
  reported,
  type CommitStep,
} from '../kit/engine.ts';
import { eventually } from '../kit/eventually.ts';
import { SEED, chanceOf, type Chance } from './seed.ts';

/** Each for a second and a half, eight at a time. */
const RUNS_COUNT = 80;
const AT_ONCE_COUNT = 8;
const RUN_MS = 1500;

const NODES = ['n0', 'n1', 'n2', 'n3', 'n4'];
const MODELS = ['a', 'b', 'c'];
/** What a container may be reported as, with its exit code, and what that makes it. */
const WORDS = [
  ['running', undefined, 'Running'],
  ['exited', 0, 'Exited'],
  ['exited', 1, 'Dead'],
  ['paused', undefined, 'Paused'],
] as const;

const LOST: CommitResult = { outcome: 'unknown', cause: new Error('the answer was lost') };

/**
 * A store that fails in every way that a store may: commits take long, cannot be sent, or are applied or not, or later,
 * while their answer is lost; and somebody takes the leadership away.
 */
function failing(chance: Chance, depose: () => Promise<unknown>): CommitStep {
  return async (apply) => {
    const what = chance.between(1, 100);
    if (what <= 35) return apply();
    // Longer than the manager decides on top of a commit, sometimes.
    if (what <= 68) await sleep(chance.between(0, what <= 60 ? 30 : 120));
    if (what <= 68) return apply();
    if (what <= 84) {
      if (what <= 76) await apply();
      else if (what <= 80) void sleep(chance.between(0, 80)).then(apply, () => undefined);
      return LOST;
    }
    if (what <= 92) throw new StoreError('unavailable', 'it cannot be reached');
    if (what <= 94) await apply();
    else await sleep(chance.between(0, 120));
    await depose();
    return what <= 98 ? LOST : apply();
  };
}

/** One word of a node, and whether somebody was told that it counts. */
interface Said {
  readonly text: string;
  isAcknowledged: boolean;
}

/** One node's agent, which does not wait for one answer before it says more, and gives up on some of them. */
async function speak(manager: Manager, node: string, chance: Chance, until: number): Promise<readonly Said[]> {
  const all: Said[] = [{ text: '', isAcknowledged: true }];
  const answers: Promise<void>[] = [];
  while (performance.now() < until) {
    const words = MODELS.filter(() => chance.next() < 0.6).map((model) => [model, chance.one(WORDS)] as const);
    const containers = words.map(([model, [status, exitCode]]) => reported(model, status, exitCode));
    const said = { text: words.map(([model, [, , state]]) => `${model} ${state}`).join(), isAcknowledged: false };
    all.push(said);
    const giveUpMs = chance.next() < 0.5 ? chance.between(0, 150) : undefined;
    answers.push(tell(manager, report(node, ...containers), said, giveUpMs));
    await sleep(chance.next() < 0.7 ? chance.between(0, 15) : chance.between(50, 150));
  }
  await Promise.all(answers);
  return all;
}

async function tell(manager: Manager, word: Report, said: Said, giveUpMs: number | undefined): Promise<void> {
  if (manager.confirm(word) !== undefined) {
    said.isAcknowledged = true;
    return;
  }
  const caller = new AbortController();
  const timer = giveUpMs === undefined ? undefined : setTimeout(() => caller.abort(), giveUpMs);
  try {
    await manager.submit(word, { signal: caller.signal });
    said.isAcknowledged = true;
  } catch (error) {
    const code = error instanceof EngineError ? error.code : undefined;
    // The caller was told that it stays queued.
    if (code === 'store_unavailable') said.isAcknowledged = true;
    else if (code !== 'cancelled') throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What the store may say of a node: its last word that was acknowledged, or one since of which nobody was told. */
function possible(all: readonly Said[]): readonly string[] {
  return all.slice(all.findLastIndex(({ isAcknowledged }) => isAcknowledged)).map(({ text }) => text);
}

/** Changes and definitions meanwhile; what becomes of each is compared at the end. */
async function interfere(manager: Manager, chance: Chance, until: number): Promise<void> {
  for (let i = 1; performance.now() < until; i += 1) {
    const targetState = chance.one(['idle', 'waiting']);
    const inputs = [change(`s${i % 4}`, { transitionId: `t${i}`, targetState })] as Parameters<Manager['submit']>[0][];
    if (chance.next() < 0.3)
      inputs.push(
        defined(
          'p',
          MODELS.filter(() => chance.next() < 0.7),
          i,
        ),
      );
    if (chance.next() < 0.1) inputs.push({ type: 'package-undefined', name: 'p', at: Date.now() });
    for (const input of inputs) await manager.submit(input).catch(() => undefined);
    await sleep(chance.between(0, 10));
  }
}

/** Everything that is decided with. */
function contentsOf(fleet: Fleet): Readonly<Record<string, unknown>> {
  const records = RESOURCE_KINDS.flatMap((kind) =>
    [...fleet.names(kind)].map((name) => [`${kind}/${name}`, fleet.record(kind, name)] as const),
  );
  const nodes = [...fleet.names('node')].map((name) => [`node/${name}`, fleet.node(name)] as const);
  const intents = [...fleet.names('intent')].map((name) => [`intent/${name}`, fleet.intent(name)] as const);
  const all: (readonly [string, unknown])[] = [...records, ...nodes, ...intents];
  return Object.fromEntries(all);
}

async function run(name: string): Promise<void> {
  const inner = openMemoryStore();
  const store = new ScriptedStore(inner);
  const depose = (): Promise<unknown> => inner.put('/statemanager/leader', '{"id":"another","address":"a:1"}');
  store.always = failing(chanceOf(`${name} store`), depose);
  const manager = createManager(store, recordLog().log, { answerWithinMs: 400 });
  let view: Fleet | undefined;
  manager.follow({ onView: (loaded) => void (view = loaded) });
  manager.start(CANDIDATE);
  const until = performance.now() + RUN_MS;
  const speaking = NODES.map((node) => speak(manager, node, chanceOf(`${name} ${node}`), until));
  await interfere(manager, chanceOf(`${name} changes`), until);
  const said = await Promise.all(speaking);
  store.always = (apply) => apply();
  await eventually(() => expect([manager.queue.size, manager.leads]).toEqual([0, true]));
  await manager.submit(change('last'));

  const { fleet, repairs, problems } = await loadView(inner, 'bare', Date.now());
  expect([repairs, problems]).toEqual([[], []]);
  expect(contentsOf(fleet)).toEqual(view && contentsOf(view));
  for (const [i, node] of NODES.entries()) {
    const containers = fleet.node(node)?.containers ?? [];
    const stored = containers.map(({ model, rule }) => `${model} ${containerStateOf(rule)}`).join();
    expect(possible(said[i] as readonly Said[]), node).toContain(stored);
    expect(manager.queue.concerns(node)).toBe(false);
  }
  expect(manager.queue.requestsCount).toBe(0);
  await manager.stop(1000);
  await store.close();
}

it('whatever the store does, what was acknowledged is in it, and the view says what it says', async () => {
  console.log(`failing store: STATEMANAGER_SEED=${SEED}`);
  for (let first = 0; first < RUNS_COUNT; first += AT_ONCE_COUNT) {
    await Promise.all(Array.from({ length: AT_ONCE_COUNT }, (_, i) => run(`run ${first + i}`)));
  }
});
