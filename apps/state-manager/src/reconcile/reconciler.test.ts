import { DEFAULT_RULE_OPTIONS, type Input, type Intent } from '@statemanager/state-machine';
import { decodeIntent, intentKey, openMemoryStore } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CANDIDATE,
  ScriptedStore,
  createManager,
  defined,
  recordLog,
  report,
  reported,
} from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { FakeSender } from '../../test/kit/reconcile.ts';
import type { Manager } from '../manager.ts';
import { Reconciler, type ReconcilerOptions } from './reconciler.ts';

/** Long enough that nothing is due again within a test that does not wait for it. */
const NEVER_MS = 60_000;

describe('the reconciler', () => {
  let store: ScriptedStore;
  let manager: Manager;
  let controller: FakeSender;
  let options: Omit<ReconcilerOptions, 'sender' | 'submit' | 'log'>;
  const recorded = recordLog();

  beforeEach(() => {
    recorded.lines.length = 0;
    store = new ScriptedStore(openMemoryStore());
    controller = new FakeSender();
    options = {
      inFlightCount: 16,
      initialBackoffMs: NEVER_MS,
      maxBackoffMs: NEVER_MS,
      healMs: NEVER_MS,
      random: () => 0,
    };
  });

  afterEach(async () => {
    await manager.stop(100);
    await store.close();
  });

  function start(changed: Partial<typeof options> = {}): void {
    manager = createManager(store, recorded.log, {
      rules: { ...DEFAULT_RULE_OPTIONS, reconcileOn: new Set(['Error', 'Degraded']) },
    });
    const { sender } = controller;
    const submit: ReconcilerOptions['submit'] = (input, how) => manager.submit(input, how);
    manager.follow(new Reconciler({ ...options, ...changed, sender, submit, log: recorded.log }));
    manager.start(CANDIDATE);
  }

  /** Defines packages of one model each, and kills them with one report. */
  async function kill(...names: readonly string[]): Promise<void> {
    for (const name of names) await manager.submit(defined(name, [`m-${name}`]));
    await manager.submit(report('n1', ...names.map((name) => reported(`m-${name}`, 'exited', 1))));
  }

  const heal = (name: string): Promise<unknown> => manager.submit(report('n1', reported(`m-${name}`, 'running')));

  it('is not kept from asking by a term that ended while ActionController was looked for', async () => {
    let found = (_: boolean): void => undefined;
    controller.looks = new Promise((resolve) => (found = resolve));
    start();
    let termsCount = 0;
    manager.follow({ onServing: () => void (termsCount += 1) });
    await kill('p');
    await eventually(() => expect(controller.reachedCount).toBe(1));
    await store.put('/statemanager/leader', '{"id":"another","address":"a:1"}');
    await eventually(() => expect(termsCount).toBe(2));
    controller.looks = undefined;
    controller.away = true;
    found(false);
    await eventually(() => expect(controller.reachedCount).toBe(2));
    controller.away = false;
    await eventually(() => expect(controller.intents).toEqual(['p/2']));
  });

  async function intentOf(name: string): Promise<Intent | undefined> {
    const entry = await store.get(intentKey(name));
    return entry && decodeIntent(entry.key, entry.value);
  }

  const scenario = (name: string, target: string, action: string, revision = 1): Input => ({
    type: 'scenario-defined',
    ...{ name, target, action, revision, at: 1 },
  });

  it('asks once for a package that died, under its scenario’s name, and notes the answer', async () => {
    start();
    await manager.submit(scenario('s', 'p', 'launch'));
    await kill('p');
    await eventually(async () => expect((await intentOf('p'))?.lastAttempt?.outcome).toBe('accepted'));
    expect(controller.asked).toEqual([expect.objectContaining({ scenarioName: 's', intentId: 'p/2' })]);
    expect((await intentOf('p'))?.attempts).toBe(1);
  });

  it('counts an attempt in the store before its call', async () => {
    start();
    controller.answers = undefined;
    await kill('p');
    await eventually(() => expect(controller.open.size).toBe(1));
    expect(await intentOf('p')).toMatchObject({ attempts: 1, lastAttempt: { outcome: 'started' } });
  });

  it('makes at most so many calls at once, and all of them in the end', async () => {
    start({ inFlightCount: 3 });
    controller.answers = undefined;
    const names = Array.from({ length: 10 }, (_, i) => `p${i}`);
    await kill(...names);
    await eventually(() => expect(controller.open.size).toBe(3));
    for (let answered = 0; answered < names.length; answered += 1) {
      await eventually(() => expect(controller.open.size).toBeGreaterThan(0));
      for (const call of [...controller.open].slice(0, 1)) call.answer('accepted');
    }
    expect(controller.mostOpenCount).toBe(3);
    expect([...controller.intents].sort()).toEqual(names.map((name) => `${name}/2`));
  });

  it('makes one call at a time for a package, also when it healed and died again meanwhile', async () => {
    start({ initialBackoffMs: 1 });
    controller.answers = undefined;
    await kill('p');
    await eventually(() => expect(controller.open.size).toBe(1));
    await heal('p');
    await kill('p');
    await kill('q');
    await eventually(() => expect(controller.intents).toContain('q/2'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(controller.intents).toEqual(['p/2', 'q/2']);
    for (const call of [...controller.open]) call.answer('accepted');
    await eventually(() => expect(controller.intents).toEqual(['p/2', 'q/2', 'p/4']));
  });

  it('drops the outcome of an attempt whose intent has ended', async () => {
    start();
    controller.answers = undefined;
    await kill('p');
    await eventually(() => expect(controller.open.size).toBe(1));
    await heal('p');
    const commitsCount = store.commits.length;
    for (const call of [...controller.open]) call.answer('accepted');
    await eventually(() => expect(recorded.said('reconcile answered')).toHaveLength(1));
    await heal('p');
    expect(store.commits).toHaveLength(commitsCount);
    expect(await intentOf('p')).toBeUndefined();
  });

  it('backs off after a refusal, and the intent says why', async () => {
    start({ initialBackoffMs: 40 });
    controller.answers = undefined;
    await kill('p');
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await eventually(() => expect(controller.asked).toHaveLength(attempt));
      controller.asked.at(-1)?.answer('refused', 'not today');
      await eventually(async () => expect((await intentOf('p'))?.lastAttempt?.detail).toBe('not today'));
    }
    const at = controller.asked.map((call) => call.at);
    for (const [i, leastMs] of [40, 80, 160].entries()) {
      expect((at[i + 1] ?? 0) - (at[i] ?? 0)).toBeGreaterThanOrEqual(leastMs - 1);
    }
  });

  it('asks again when what was accepted does not heal in time', async () => {
    start({ initialBackoffMs: 1, maxBackoffMs: 1, healMs: 60 });
    await kill('p');
    await eventually(() => expect(controller.asked).toHaveLength(2));
    const [first, second] = controller.asked;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(59);
    await heal('p');
    const { length } = controller.asked;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(controller.asked).toHaveLength(length);
  });

  it('lets a new intent owe the wait of the one before', async () => {
    start({ initialBackoffMs: 80 });
    await kill('p');
    await eventually(async () => expect((await intentOf('p'))?.lastAttempt?.outcome).toBe('accepted'));
    await heal('p');
    await kill('p');
    expect(await intentOf('p')).toMatchObject({ id: 'p/4', attempts: 0 });
    await eventually(() => expect(controller.intents).toEqual(['p/2', 'p/4']));
    const [first, second] = controller.asked;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(79);
  });

  it('gives what was accepted its time to heal after a restart as well', async () => {
    start({ initialBackoffMs: 1 });
    await kill('p');
    await eventually(async () => expect((await intentOf('p'))?.lastAttempt?.outcome).toBe('accepted'));
    await manager.stop(1000);
    start({ initialBackoffMs: 1, maxBackoffMs: 1 });
    await kill('q');
    await eventually(() => expect(controller.intents).toContain('q/2'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(controller.intents).toEqual(['p/2', 'q/2']);
  });

  it('goes on after a restart with the intents that are stored', async () => {
    start();
    controller.away = true;
    await kill('p', 'q');
    await manager.stop(1000);
    controller.away = false;
    start();
    await eventually(() => expect([...controller.intents].sort()).toEqual(['p/2', 'q/2']));
  });

  it('counts nothing while ActionController is away, and asks for all when it is back', async () => {
    start();
    controller.away = true;
    await kill('p', 'q', 'r');
    await eventually(() =>
      expect(recorded.said('ActionController cannot be reached; reconciles wait for it')).toHaveLength(1),
    );
    const { reachedCount } = controller;
    expect((await intentOf('p'))?.attempts).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(controller.reachedCount).toBe(reachedCount);
    controller.away = false;
    await eventually(() => expect([...controller.intents].sort()).toEqual(['p/2', 'q/2', 'r/2']));
  });

  it('takes an attempt back that did not reach ActionController', async () => {
    start();
    controller.answers = undefined;
    await kill('p');
    await eventually(() => expect(controller.open.size).toBe(1));
    controller.away = true;
    for (const call of [...controller.open]) call.answer('unreachable');
    await eventually(async () => expect((await intentOf('p'))?.lastAttempt?.outcome).toBe('unreachable'));
    expect((await intentOf('p'))?.attempts).toBe(0);
  });

  it('does not hammer an ActionController that can be reached and takes no call', async () => {
    start({ initialBackoffMs: 50 });
    controller.answers = 'unreachable';
    await kill('p');
    await eventually(() => expect(controller.asked.length).toBeGreaterThan(3));
    for (const [i, { at }] of controller.asked.slice(1).entries()) {
      expect(at - (controller.asked[i]?.at ?? 0)).toBeGreaterThanOrEqual(49);
    }
  });

  it('tries first what is due first', async () => {
    start({ inFlightCount: 1, initialBackoffMs: 60 });
    controller.answers = 'refused';
    await kill('a', 'b', 'c');
    await eventually(() => expect(controller.asked.length).toBeGreaterThanOrEqual(6));
    expect(controller.intents.slice(0, 6)).toEqual(['a/2', 'b/2', 'c/2', 'a/2', 'b/2', 'c/2']);
  });

  it('waits for a reason, says so once, and goes on when a scenario ends it', async () => {
    start();
    await manager.submit(scenario('s', 'p', 'terminate'));
    await kill('p');
    await eventually(() => expect(recorded.said('reconcile waits')).toHaveLength(1));
    expect(recorded.said('reconcile waits')[0]).toMatchObject({ package: 'p', why: 'scenario s terminates package p' });
    await manager.submit(scenario('other', 'q', 'launch'));
    expect(recorded.said('reconcile waits')).toHaveLength(1);
    expect(controller.asked).toHaveLength(0);
    await manager.submit(scenario('s', 'p', 'launch', 2));
    await eventually(() => expect(controller.asked).toHaveLength(1));
  });

  it('asks for nothing while its leadership is not confirmed', async () => {
    start({ initialBackoffMs: 20 });
    await manager.submit(defined('p', ['m-p']));
    store.confirmed = false;
    await kill('p');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(controller.asked).toHaveLength(0);
    expect((await intentOf('p'))?.attempts).toBe(0);
    store.confirmed = true;
    await eventually(() => expect(controller.asked).toHaveLength(1));
  });

  it('drops everything with the term, and begins again from the store with the next', async () => {
    start();
    controller.answers = undefined;
    await kill('p');
    await eventually(() => expect(controller.open.size).toBe(1));
    await store.put('/statemanager/leader', '{"id":"another","address":"a:1"}');
    await eventually(() => expect(recorded.said('leading: view loaded')).toHaveLength(2));
    expect(controller.open.size).toBe(0);
    controller.answers = 'accepted';
    await kill('q');
    await eventually(() => expect(controller.intents).toEqual(['p/2', 'q/2']));
    expect((await intentOf('p'))?.attempts).toBe(1);
  });
});
