import { decodeIntent, intentKey, openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import type { Input, Intent, ReconcileSteered } from '@statemanager/state-machine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANDIDATE, createManager, defined, recordLog, report, reported } from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { FakeSender } from '../../test/kit/reconcile.ts';
import type { Manager } from '../manager.ts';
import { MAX_TIMER_MS } from '../max-timer.ts';
import { Reconciler, type ReconcilerOptions } from './reconciler.ts';

/** Long enough that nothing is due again within a test that does not wait for it. */
const NEVER_MS = 60_000;

describe('what an operator sees and steers of the reconciler', () => {
  let store: KeyValueStore;
  let manager: Manager;
  let reconciler: Reconciler;
  let controller: FakeSender;
  const recorded = recordLog();

  beforeEach(() => {
    recorded.lines.length = 0;
    store = openMemoryStore();
    controller = new FakeSender();
    start();
  });

  afterEach(async () => {
    await manager.stop(100);
    await store.close();
  });

  function start(changed: Partial<ReconcilerOptions> = {}): void {
    manager = createManager(store, recorded.log);
    reconciler = new Reconciler({
      ...{ inFlightCount: 16, initialBackoffMs: NEVER_MS, maxBackoffMs: NEVER_MS, healMs: NEVER_MS, random: () => 0 },
      sender: controller.sender,
      submit: (input, how) => manager.submit(input, how),
      log: recorded.log,
      ...changed,
    });
    manager.follow(reconciler);
    manager.start(CANDIDATE);
  }

  async function restart(changed: Partial<ReconcilerOptions> = {}): Promise<void> {
    await manager.stop(1000);
    start(changed);
    await manager.submit({ type: 'leading', packages: [], at: 1 });
  }

  async function kill(name: string): Promise<void> {
    await manager.submit(defined(name, [`m-${name}`]));
    await manager.submit(report(`on-${name}`, reported(`m-${name}`, 'exited', 1)));
  }

  const heal = (name: string): Promise<unknown> =>
    manager.submit(report(`on-${name}`, reported(`m-${name}`, 'running')));
  const steer = (type: ReconcileSteered['type'], packageName = 'p'): Promise<unknown> =>
    manager.submit({ type, packageName, at: 1 });
  const scenario = (target: string, action: string): Input => ({
    type: 'scenario-defined',
    ...{ name: 's', target, action, revision: 1, at: 1 },
  });

  async function intentOf(name: string): Promise<Intent | undefined> {
    const entry = await store.get(intentKey(name));
    return entry && decodeIntent(entry.key, entry.value);
  }

  const answered = (): Promise<void> =>
    eventually(async () => expect((await intentOf('p'))?.lastAttempt?.outcome).not.toBe('started'));
  const PAUSED = 'reconciles of package p are paused';
  const NOTHING = { nextAttemptAt: undefined, waitsBecause: '' };

  describe('its status', () => {
    it('says nothing of a package without an intent', async () => {
      expect(reconciler.status('p')).toEqual(NOTHING);
      await kill('p');
      await heal('p');
      expect(reconciler.status('p')).toEqual(NOTHING);
    });

    it('says that an attempt runs', async () => {
      controller.answers = undefined;
      await kill('p');
      await eventually(() => expect(controller.open.size).toBe(1));
      expect(reconciler.status('p')).toEqual({ nextAttemptAt: undefined, waitsBecause: 'an attempt runs' });
    });

    it('says when it is tried again', async () => {
      controller.answers = 'refused';
      await kill('p');
      await eventually(() => expect(reconciler.status('p').waitsBecause).toBe(''));
      const { nextAttemptAt = 0 } = reconciler.status('p');
      expect(nextAttemptAt).toBeGreaterThan(Date.now() + NEVER_MS - 5000);
      expect(nextAttemptAt).toBeLessThanOrEqual(Date.now() + NEVER_MS);
    });

    it('waits longer than a timer can', async () => {
      const warnings: string[] = [];
      const note = ({ name }: Error): void => void warnings.push(name);
      process.on('warning', note);
      await restart({ initialBackoffMs: MAX_TIMER_MS, maxBackoffMs: MAX_TIMER_MS, random: () => 1 });
      controller.answers = 'refused';
      await kill('p');
      await eventually(() => expect(reconciler.status('p').nextAttemptAt).toBeGreaterThan(Date.now() + MAX_TIMER_MS));
      await kill('later');
      await eventually(() => expect(controller.intents).toEqual(['p/2', 'later/2']));
      process.off('warning', note);
      expect(warnings).not.toContain('TimeoutOverflowWarning');
    });

    it('says why it waits, as long as that lasts', async () => {
      await manager.submit(scenario('p', 'terminate'));
      await kill('p');
      await eventually(() => expect(reconciler.status('p').waitsBecause).toBe('scenario s terminates package p'));
      expect(reconciler.status('p').nextAttemptAt).toBeUndefined();
      await manager.submit({ type: 'scenario-undefined', name: 's', at: 1 });
      expect(reconciler.status('p').waitsBecause).not.toContain('terminates');
    });

    it('says that ActionController is away', async () => {
      controller.away = true;
      await kill('p');
      const waitsBecause = 'ActionController cannot be reached';
      await eventually(() => expect(reconciler.status('p')).toEqual({ nextAttemptAt: undefined, waitsBecause }));
    });

    it('says that it is paused also while its time has not come', async () => {
      controller.answers = 'refused';
      await kill('p');
      await eventually(() => expect(reconciler.status('p').nextAttemptAt).toBeGreaterThan(0));
      await steer('reconcile-paused');
      expect(reconciler.status('p')).toEqual({ nextAttemptAt: undefined, waitsBecause: PAUSED });
      await steer('reconcile-resumed');
      expect(reconciler.status('p')).toEqual({ nextAttemptAt: expect.any(Number) as number, waitsBecause: '' });
    });
  });

  describe('a retry', () => {
    it('does not wait for the backoff', async () => {
      controller.answers = 'refused';
      await kill('p');
      await answered();
      await eventually(() => expect(reconciler.status('p').waitsBecause).toBe(''));
      reconciler.retry('p');
      await eventually(() => expect(controller.intents).toEqual(['p/2', 'p/2']));
      await eventually(async () => expect(await intentOf('p')).toMatchObject({ attempts: 2 }));
    });

    it('does not double an attempt that runs', async () => {
      controller.answers = undefined;
      await kill('p');
      await eventually(() => expect(controller.open.size).toBe(1));
      reconciler.retry('p');
      await kill('q');
      await eventually(() => expect(controller.intents).toEqual(['p/2', 'q/2']));
    });

    it('of what has no intent, or is paused, or waits, changes nothing', async () => {
      reconciler.retry('nobody');
      await kill('p');
      await answered();
      await steer('reconcile-paused');
      reconciler.retry('p');
      await manager.submit(scenario('q', 'terminate'));
      await kill('q');
      reconciler.retry('q');
      await kill('r');
      await eventually(() => expect(controller.intents).toEqual(['p/2', 'r/2']));
    });

    it('waits for ActionController while that is away', async () => {
      controller.away = true;
      await kill('p');
      await eventually(() => expect(reconciler.status('p').waitsBecause).toContain('cannot be reached'));
      reconciler.retry('p');
      expect(controller.asked).toHaveLength(0);
      controller.away = false;
      await eventually(() => expect(controller.intents).toEqual(['p/2']));
    });
  });

  describe('a pause', () => {
    /** Has another package asked for: whatever was due before it was asked, too. */
    async function everythingDue(): Promise<void> {
      await kill('later');
      await eventually(() => expect(controller.intents).toContain('later/2'));
    }

    it('keeps an intent that is made meanwhile from being asked, until it is resumed', async () => {
      await manager.submit(defined('p', ['m-p']));
      await steer('reconcile-paused');
      await kill('p');
      expect(await intentOf('p')).toMatchObject({ id: 'p/2', attempts: 0 });
      await everythingDue();
      expect(controller.intents).toEqual(['later/2']);
      await steer('reconcile-resumed');
      await eventually(() => expect(controller.intents).toEqual(['later/2', 'p/2']));
    });

    it('asks nothing again', async () => {
      await restart({ initialBackoffMs: 20, maxBackoffMs: 20 });
      controller.answers = 'refused';
      await kill('p');
      await eventually(() => expect(controller.asked.length).toBeGreaterThan(1));
      await steer('reconcile-paused');
      await eventually(() => expect(reconciler.status('p').waitsBecause).toBe(PAUSED));
      const { length } = controller.asked;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(controller.asked).toHaveLength(length);
      await steer('reconcile-resumed');
      await eventually(() => expect(controller.asked.length).toBeGreaterThan(length));
    });

    it('does not keep an intent from ending', async () => {
      await manager.submit(defined('p', ['m-p']));
      await steer('reconcile-paused');
      await kill('p');
      await heal('p');
      expect(await intentOf('p')).toBeUndefined();
      await steer('reconcile-resumed');
      await everythingDue();
      expect(controller.intents).toEqual(['later/2']);
    });

    it('outlives a restart', async () => {
      await manager.submit(defined('p', ['m-p']));
      await steer('reconcile-paused');
      await kill('p');
      await restart();
      await everythingDue();
      expect(controller.intents).toEqual(['later/2']);
      expect(reconciler.status('p').waitsBecause).toBe(PAUSED);
      await steer('reconcile-resumed');
      await eventually(() => expect(controller.intents).toEqual(['later/2', 'p/2']));
    });

    it('goes with its package', async () => {
      await manager.submit(defined('p', ['m-p']));
      await steer('reconcile-paused');
      await manager.submit({ type: 'package-undefined', name: 'p', at: 1 });
      await manager.submit(defined('p', ['m-p'], 2));
      await manager.submit(report('on-p', reported('m-p', 'exited', 1)));
      await eventually(() => expect(controller.asked).toHaveLength(1));
    });
  });
});
