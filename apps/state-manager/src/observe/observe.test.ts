import { Access } from '../access/access.ts';
import { DEFAULT_RULE_OPTIONS } from '@statemanager/state-machine';
import { openMemoryStore } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CANDIDATE,
  change,
  createManager,
  defined,
  door,
  recordLog,
  report,
  reported,
  ScriptedStore,
} from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { parseMetrics, type Exposed } from '../../test/kit/metrics.ts';
import type { Manager } from '../manager.ts';
import { ReadModel } from '../read/read-model.ts';
import { countTries } from '../replicas/tries.ts';
import type { PlainHandler } from './endpoints.ts';
import { Observation } from './observe.ts';

describe('after a known sequence of inputs', () => {
  let store: ScriptedStore;
  let manager: Manager;
  let handler: PlainHandler;
  let observation: Observation;
  const forwarded = { request: countTries(), report: countTries() };
  const reconciler = { activity: { runningCount: 2, isAway: true } };

  beforeEach(() => {
    store = new ScriptedStore(openMemoryStore());
    const rules = { ...DEFAULT_RULE_OPTIONS, maxResourcesCount: 2 };
    manager = createManager(store, recordLog().log, { rules, maxQueueCount: 1 });
    const model = new ReadModel({
      journalCount: 100,
      resumeWithinMs: 0,
      reconcileStatus: () => ({ nextAttemptAt: undefined, waitsBecause: '' }),
    });
    observation = new Observation();
    const access = new Access(undefined, undefined);
    const parts = { manager, reconciler, model, forwarded, access, misnamed: { count: 5 } };
    handler = observation.start(store, { ...parts, watchesCount: () => 3 });
    access.refusedCounts.permission_denied = 2;
    manager.follow(model);
    manager.follow(observation.tally);
  });

  afterEach(async () => {
    await manager.stop(100);
    await store.close();
  });

  async function start(): Promise<void> {
    manager.start(CANDIDATE);
    await manager.submit({ type: 'package-undefined', name: 'nothing', at: 1 });
  }

  async function exposed(): Promise<Exposed> {
    const text = await new Promise<string>((resolve) => {
      const response = { writeHead: () => undefined, end: resolve };
      handler({ url: '/metrics', method: 'GET' }, response, new AbortController().signal);
    });
    return parseMetrics(text);
  }

  const byState = ({ samples }: Exposed, name: string): Record<string, number> =>
    Object.fromEntries(
      (samples.get(name) ?? [])
        .filter(({ value }) => value !== 0)
        .map(({ labels: { kind, state }, value }) => [`${kind} ${state}`, value]),
    );

  it('every number is exact', async () => {
    await start();
    await manager.submit(defined('p', ['m', 'n']));
    await manager.submit(report('n1', reported('m', 'running'), reported('n', 'running')));
    const confirmed = report('n1', reported('m', 'running'), reported('n', 'running'));
    for (let i = 0; i < 3; i += 1) expect(manager.confirm(confirmed)).toMatch(/./);
    await manager.submit(confirmed);
    await manager.submit(report('n2'));
    expect(await manager.submit(report('n3'))).toMatchObject({ accepted: false });
    expect(await manager.submit(change('s', { targetState: 'nowhere' }))).toMatchObject({ accepted: false });
    await manager.submit(report('n1', reported('m', 'exited', 1), reported('n', 'running')));
    await manager.submit(report('n1', reported('m', 'exited', 1), reported('n', 'exited', 1)));
    manager.malformedCount += 1;
    observation.tally.answered('refused', 250);
    forwarded.report.again += 4;

    const found = await exposed();
    const reports = (result: string): number | undefined => found.value('statemanager_reports_total', { result });
    expect([reports('changed'), reports('unchanged'), reports('refused'), reports('superseded')]).toEqual([4, 4, 2, 0]);
    expect(found.value('statemanager_misnamed_containers_total')).toBe(5);
    expect(found.value('statemanager_inputs_total', { type: 'change', result: 'refused' })).toBe(1);
    expect(found.value('statemanager_inputs_total', { type: 'package-defined', result: 'changed' })).toBe(1);
    expect(byState(found, 'statemanager_transitions_total')).toEqual({
      'model Dead': 2,
      'model Running': 2,
      'package Idle': 1,
      'package Running': 1,
      'package Degraded': 1,
      'package Error': 1,
    });
    expect(byState(found, 'statemanager_resources')).toEqual({ 'model Dead': 2, 'package Error': 1 });
    expect(found.value('statemanager_nodes')).toBe(2);
    expect(found.value('statemanager_intents')).toBe(1);
    const age = found.value('statemanager_intent_oldest_age_seconds');
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(10);

    const { commits } = store;
    expect(found.value('statemanager_commits_total')).toBe(commits.length);
    for (const name of ['duration_seconds', 'operations', 'inputs'])
      expect(found.value(`statemanager_commit_${name}_count`)).toBe(commits.length);
    const operations = commits.reduce((sum, commit) => sum + commit.operations.length - 1, 0);
    expect(found.value('statemanager_commit_operations_sum')).toBe(operations);
    expect(found.value('statemanager_view_revision')).toBeGreaterThan(0);

    expect(found.value('statemanager_reconciles_total', { result: 'refused' })).toBe(1);
    expect(found.value('statemanager_reconcile_duration_seconds_sum')).toBe(0.25);
    expect(found.value('statemanager_reconciles_running')).toBe(2);
    expect(found.value('statemanager_action_controller_away')).toBe(1);
    expect(found.value('statemanager_watches')).toBe(3);
    expect(found.value('statemanager_forwarded_calls_total', { type: 'report', result: 'again' })).toBe(4);
    expect(found.value('statemanager_leading')).toBe(1);
    expect(found.value('statemanager_elections_won_total')).toBe(1);
    expect(found.value('statemanager_terms_total')).toBe(1);
    expect(found.value('statemanager_store_state', { state: 'ok' })).toBe(1);
    expect(found.value('statemanager_store_size_bytes')).toBeUndefined();
    expect(found.value('statemanager_build_info', { version: '0.1.0', node_version: process.version })).toBe(1);

    await manager.submit(report('n1', reported('m', 'running'), reported('n', 'running')));
    const healed = await exposed();
    expect(byState(healed, 'statemanager_resources')).toEqual({ 'model Running': 2, 'package Running': 1 });
    expect(healed.value('statemanager_intents')).toBe(0);
    expect(healed.value('statemanager_intent_oldest_age_seconds')).toBe(0);
  });

  it('what waits is counted by what it is, with how long it waits, and so is what was refused', async () => {
    const waiting = [manager.submit(change('s')), manager.submit(report('n1')), manager.submit(report('n1'))];
    await expect(manager.submit(change('t'))).rejects.toThrow('--max-queue-count');
    await eventually(async () =>
      expect((await exposed()).value('statemanager_queue_oldest_age_seconds')).toBeGreaterThan(0.02),
    );
    const found = await exposed();
    const waits = (type: string): number | undefined => found.value('statemanager_queue_inputs', { type });
    expect([waits('report'), waits('request'), waits('own')]).toEqual([1, 1, 0]);
    expect(found.value('statemanager_queue_refused_total')).toBe(1);
    expect(found.value('statemanager_denied_calls_total', { reason: 'permission_denied' })).toBe(2);
    expect(found.value('statemanager_reports_total', { result: 'superseded' })).toBe(1);
    expect(found.value('statemanager_view_loaded')).toBe(0);
    expect(found.value('statemanager_view_revision')).toBeUndefined();
    await start();
    await Promise.all(waiting);
    const after = await exposed();
    expect(after.value('statemanager_queue_oldest_age_seconds')).toBe(0);
    expect(after.value('statemanager_queue_wait_seconds_sum')).toBeGreaterThan(0.02);
  });

  it('a commit that takes long shows in its duration, and in how long its input waited', async () => {
    await start();
    const gate = door();
    store.steps.push(gate.step);
    const slow = manager.submit(change('s'));
    await gate.reached;
    setTimeout(() => gate.open(), 60);
    await slow;
    const found = await exposed();
    expect(found.value('statemanager_commit_duration_seconds_sum')).toBeGreaterThan(0.05);
    expect(found.value('statemanager_queue_wait_seconds_sum')).toBeGreaterThan(0.05);
  });

  it('a term that ends and begins again is counted, and the states are the same', async () => {
    await start();
    await manager.submit(defined('p', ['m']));
    const before = byState(await exposed(), 'statemanager_resources');
    store.steps.push(() => Promise.resolve({ outcome: 'conflict' }));
    await manager.submit(change('s'));
    const after = await exposed();
    expect(byState(after, 'statemanager_resources')).toEqual({ ...before, 'scenario Idle': 1 });
    expect(after.value('statemanager_elections_won_total')).toBe(2);
    expect(after.value('statemanager_terms_total')).toBe(2);
  });
});
