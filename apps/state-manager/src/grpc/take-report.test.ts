import { ConnectError } from '@connectrpc/connect';
import { DEFAULT_RULE_OPTIONS } from '@statemanager/state-machine';
import { openMemoryStore, stateKey } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANDIDATE, ScriptedStore, createManager, recordLog, reported } from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import type { Manager } from '../manager.ts';
import { LastWays } from '../replicas/last-ways.ts';
import { readLastWord } from '../replicas/leader-link.ts';
import { MisnamedContainers } from './misnamed-containers.ts';
import { takeReport, type ReportTakerOptions } from './take-report.ts';
import { Wakefulness } from './wakefulness.ts';

const NEVER = new AbortController().signal;

describe('a report that another StateManager brings', () => {
  let store: ScriptedStore;
  let manager: Manager;
  let options: ReportTakerOptions;

  beforeEach(async () => {
    const { log } = recordLog();
    store = new ScriptedStore(openMemoryStore());
    manager = createManager(store, log, { rules: { ...DEFAULT_RULE_OPTIONS, maxResourcesCount: 2 } });
    options = { manager, misnamed: new MisnamedContainers(log), ways: new LastWays(), awake: new Wakefulness() };
    manager.follow(options.ways);
    manager.start(CANDIDATE);
    await eventually(() => expect(manager.leads).toBe(true));
  });

  afterEach(async () => {
    await manager.stop(100);
    await store.close();
  });

  const wordOf = (node: string, status: string): Parameters<typeof takeReport>[0] => ({
    node,
    containers: [reported('m', status, 1)],
    misnamed: [],
  });
  const model = async (): Promise<string | undefined> => (await store.get(stateKey('model', 'm')))?.value;

  it('counts if it was found to be newer than the last word, however long it was under way', async () => {
    await takeReport(wordOf('n1', 'running'), undefined, NEVER, options);
    const forwarded = { by: 'follower', heldMs: 600_000, newerThan: undefined };
    const refusal = await takeReport(wordOf('n1', 'exited'), forwarded, NEVER, options).catch((e: unknown) => e);
    expect(refusal).toBeInstanceOf(ConnectError);
    expect(readLastWord(refusal)).toMatchObject({ number: 1 });
    expect(await model()).toBe('Running');
    await takeReport(wordOf('n1', 'exited'), { ...forwarded, newerThan: 1 }, NEVER, options);
    expect(await model()).toBe('Dead');
    // The same once more, from somebody who knew less: it is older than what has come since.
    const late = takeReport(wordOf('n1', 'paused'), { ...forwarded, by: 'another', newerThan: 1 }, NEVER, options);
    await expect(late).rejects.toBeInstanceOf(ConnectError);
  });

  it('leaves nothing behind if its node is refused, or forgotten', async () => {
    await takeReport(wordOf('n1', 'running'), undefined, NEVER, options);
    await takeReport({ node: 'n2', containers: [], misnamed: [] }, undefined, NEVER, options);
    const other = { by: 'follower', heldMs: 0, newerThan: undefined };
    const isKept = (node: string): boolean => options.ways.other(node, other) !== undefined;
    await expect(takeReport(wordOf('n3', 'running'), undefined, NEVER, options)).rejects.toThrow(
      '--max-resources-count',
    );
    expect(['n1', 'n2', 'n3'].map(isKept)).toEqual([true, true, false]);
    await manager.submit({ type: 'node-forgotten', node: 'n2', source: 'test', at: Date.now() });
    expect(['n1', 'n2'].map(isKept)).toEqual([true, false]);
  });
});
