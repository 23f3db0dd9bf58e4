import { toJson } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { v1 } from '@statemanager/proto';
import type { Input, ReportedContainer } from '@statemanager/state-machine';
import { openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { change, defined, reported } from '../../test/kit/engine.ts';
import { IDLE_STATUS, startReading, type Reading } from '../../test/kit/reading.ts';
import type { ReadKind } from './entries.ts';
import { describeResource, describeTransition, type ReconcileStatus } from './resource.ts';

const at = (second: number): number => 1_700_000_000_000 + second * 1000;
const iso = (second: number): string => new Date(at(second)).toISOString().replace('.000', '');

describe('a resource as the API shows it', () => {
  let store: KeyValueStore;
  let reading: Reading;

  beforeEach(async () => {
    store = openMemoryStore();
    reading = await startReading(store);
  });

  afterEach(async () => {
    await reading.stop();
    await store.close();
  });

  const say = (input: Input): Promise<unknown> => reading.manager.submit(input);
  const report = (second: number, node: string, ...containers: readonly ReportedContainer[]): Promise<unknown> =>
    say({ type: 'report', node, containers, at: at(second) });
  const show = (kind: ReadKind, name: string, status: ReconcileStatus = IDLE_STATUS): v1.Resource =>
    describeResource(reading.picture(), kind, name, status);
  const json = (kind: ReadKind, name: string, status?: ReconcileStatus): unknown =>
    toJson(v1.ResourceSchema, show(kind, name, status));
  const revisionOf = async (key: string): Promise<string> => String((await store.get(key))?.revision);

  async function restart(): Promise<void> {
    await reading.stop();
    reading = await startReading(store);
  }

  /** Package p of models a (on two nodes, one container dead of memory), b (running) and c (only named). */
  async function fill(): Promise<void> {
    await say({ ...defined('p', ['b', 'a', 'c'], 41), at: at(1) });
    const scenario = { name: 's', target: 'p', action: 'launch', revision: 42 } as const;
    await say({ type: 'scenario-defined', ...scenario, at: at(1) });
    await report(2, 'n2', { ...reported('a', 'running'), name: 'a-2' });
    await report(3, 'n1', reported('a', 'running'), reported('b', 'running'));
    await report(4, 'n1', { ...reported('a', 'exited', 137), oomKilled: true }, reported('b', 'running'));
  }

  it('is a model: its containers by node, with exit codes and times', async () => {
    await fill();
    expect(json('model', 'a')).toEqual({
      kind: 'model',
      name: 'a',
      state: 'Dead',
      since: iso(4),
      rule: 'model.dead',
      cause: expect.any(String) as string,
      source: 'node/n1',
      revision: await revisionOf('/statemanager/record/model/a'),
      generation: '2',
      model: {
        nodes: [
          {
            node: 'n1',
            containers: [
              {
                name: 'a-1',
                state: 'Dead',
                rule: 'container.dead',
                exitCode: 137,
                oomKilled: true,
                since: iso(4),
              },
            ],
            observedAt: iso(4),
            lastHeardAt: iso(4),
            confirmed: true,
          },
          {
            node: 'n2',
            containers: [{ name: 'a-2', state: 'Running', rule: 'container.running', since: iso(2) }],
            observedAt: iso(2),
            lastHeardAt: iso(2),
            confirmed: true,
          },
        ],
        counts: { Dead: 1, Running: 1 },
        packages: ['p'],
      },
    });
  });

  it('tells when a node was last heard from when its word last changed', async () => {
    await fill();
    await report(9, 'n2', { ...reported('a', 'running'), name: 'a-2' });
    const [, n2] = (show('model', 'a').detail.value as v1.ModelDetail).nodes;
    expect(n2?.observedAt && timestampMs(n2.observedAt)).toBe(at(2));
    expect(n2?.lastHeardAt && timestampMs(n2.lastHeardAt)).toBe(at(9));
  });

  it('is a package: its models in the definition’s order, and counts', async () => {
    await fill();
    expect(json('package', 'p')).toEqual({
      kind: 'package',
      name: 'p',
      state: 'Degraded',
      since: iso(4),
      rule: 'package.degraded',
      cause: expect.any(String) as string,
      source: 'node/n1',
      revision: await revisionOf('/statemanager/record/package/p'),
      generation: '3',
      package: {
        models: [
          { name: 'b', state: 'Running' },
          { name: 'a', state: 'Dead' },
          { name: 'c', state: 'Created' },
        ],
        counts: { Running: 1, Dead: 1, Created: 1 },
        definitionRevision: '41',
        scenarios: ['s'],
      },
    });
  });

  it('shows a package’s intent, with what the reconciler says of it', async () => {
    await say({ ...defined('p', ['a']), at: at(1) });
    await report(2, 'n1', reported('a', 'exited', 1));
    const intent = { packageName: 'p', intent: 'p/2' } as const;
    await say({ type: 'attempt-started', ...intent, at: at(3) });
    await say({ type: 'attempt-ended', ...intent, outcome: 'refused', detail: 'not today', at: at(4) });
    const status: ReconcileStatus = (name) => ({ nextAttemptAt: at(9), waitsBecause: `because of ${name}` });
    expect(json('package', 'p', status)).toMatchObject({
      package: {
        reconcile: {
          package: 'p',
          id: 'p/2',
          since: iso(2),
          attempts: 1,
          lastAttempt: { at: iso(4), outcome: 'refused', detail: 'not today' },
          nextAttemptAt: iso(9),
          waitsBecause: 'because of p',
          backoffAttempts: 1,
        },
      },
    });
    await report(5, 'n1', reported('a', 'running'));
    expect(json('package', 'p')).not.toHaveProperty('package.reconcile');
    await say({ type: 'reconcile-paused', packageName: 'p', at: at(6) });
    expect(json('package', 'p')).toMatchObject({ state: 'Running', package: { reconcilePaused: true } });
  });

  it('is a scenario: its target, its action and where it may go from here', async () => {
    await fill();
    expect(json('scenario', 's')).toEqual({
      kind: 'scenario',
      name: 's',
      revision: await revisionOf('/statemanager/record/scenario/s'),
      scenario: {
        target: 'p',
        action: 'launch',
        definitionRevision: '42',
        allowedStates: ['Idle', 'Waiting'],
      },
    });
    await say({ ...change('s', { targetState: 'waiting' }), at: at(7) });
    expect(json('scenario', 's')).toMatchObject({
      state: 'Waiting',
      since: iso(7),
      source: 'apiserver',
      generation: '1',
    });
    expect(show('scenario', 's').detail.value).toMatchObject({ allowedStates: ['Satisfied', 'Idle'] });
  });

  it('is a node: its models, and how many containers are in each state', async () => {
    await fill();
    expect(json('node', 'n1')).toEqual({
      kind: 'node',
      name: 'n1',
      since: iso(4),
      revision: await revisionOf('/statemanager/node/n1'),
      node: {
        observedAt: iso(4),
        lastHeardAt: iso(4),
        confirmed: true,
        models: ['a', 'b'],
        counts: { Dead: 1, Running: 1 },
      },
    });
  });

  it('is a model that is only named: Created, without a revision or a time', async () => {
    await fill();
    const named = json('model', 'c');
    expect(named).toMatchObject({ state: 'Created', rule: 'model.created', model: { packages: ['p'] } });
    for (const absent of ['since', 'revision', 'generation', 'stale', 'model.nodes']) {
      expect(named).not.toHaveProperty(absent);
    }
  });

  it('says that a model is missing, and where an offload takes it', async () => {
    await fill();
    const nodes = { sourceNode: 'n1', targetNode: 'n7', detail: '', source: 'policymanager' };
    await say({ type: 'offload-answered', model: 'b', id: 'o-1', accepted: true, ...nodes, at: at(5) });
    await report(6, 'n1');
    expect(json('model', 'b')).toMatchObject({
      state: 'Running',
      model: { missing: true, offloadTarget: 'n7', packages: ['p'] },
    });
  });

  it('rests on what is stale after a restart, until each node has reported again', async () => {
    await fill();
    const before = ['model/a', 'model/b', 'package/p', 'node/n1', 'scenario/s'] as const;
    const shown = (): Record<string, boolean> =>
      Object.fromEntries(before.map((one) => [one, show(...(one.split('/') as [ReadKind, string])).stale]));
    const revisions = before.map((one) => show(...(one.split('/') as [ReadKind, string])).revision);
    await restart();
    expect(shown()).toEqual({
      'model/a': true,
      'model/b': true,
      'package/p': true,
      'node/n1': true,
      'scenario/s': false,
    });
    expect(before.map((one) => show(...(one.split('/') as [ReadKind, string])).revision)).toEqual(revisions);
    const [n1] = (show('model', 'a').detail.value as v1.ModelDetail).nodes;
    expect([n1?.confirmed, n1?.lastHeardAt]).toEqual([false, undefined]);
    expect(show('package', 'p').detail.value).toMatchObject({
      models: [
        { name: 'b', stale: true },
        { name: 'a', stale: true },
        { name: 'c', stale: false },
      ],
    });

    await report(8, 'n1', { ...reported('a', 'exited', 137), oomKilled: true }, reported('b', 'running'));
    expect(shown()).toMatchObject({ 'model/a': true, 'model/b': false, 'package/p': true, 'node/n1': false });
    await report(9, 'n2', { ...reported('a', 'running'), name: 'a-2' });
    expect(Object.values(shown())).toEqual([false, false, false, false, false]);
  });

  it('is in doubt while it runs only because of what is Unknown', async () => {
    await say({ ...defined('p', ['a', 'b']), at: at(1) });
    await report(2, 'n1', reported('a', 'odd'), reported('b', 'running'));
    expect([show('model', 'a').inDoubt, show('model', 'b').inDoubt, show('package', 'p').inDoubt]).toEqual([
      true,
      false,
      true,
    ]);
    expect(json('model', 'a')).toMatchObject({ state: 'Running', inDoubt: true, model: { counts: { Unknown: 1 } } });
    expect(show('package', 'p').detail.value).toMatchObject({ models: [{ inDoubt: true }, { inDoubt: false }] });
    await report(3, 'n1', reported('a', 'running'), reported('b', 'running'));
    expect([show('model', 'a').inDoubt, show('package', 'p').inDoubt]).toEqual([false, false]);
  });

  it('is but a kind and a name if it is not there', () => {
    for (const kind of ['scenario', 'package', 'model', 'node'] as const) {
      expect(json(kind, 'nobody')).toEqual({ kind, name: 'nobody' });
    }
  });

  it('is a transition: what was none is empty', () => {
    const past = { kind: 'model', name: 'm', rule: 'r', cause: 'c', source: 's', generation: 7 } as const;
    expect(toJson(v1.TransitionSchema, describeTransition({ ...past, from: null, to: 'Dead', at: at(1) }, 99))).toEqual(
      { ...past, to: 'Dead', at: iso(1), generation: '7', revision: '99' },
    );
    const removed = describeTransition({ ...past, from: 'Dead', to: null, at: at(1), transitionId: 't' }, 1);
    expect(removed).toMatchObject({ from: 'Dead', to: '', transitionId: 't' });
  });
});
