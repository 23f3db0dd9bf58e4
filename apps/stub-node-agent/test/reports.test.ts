import { Code, ConnectError } from '@connectrpc/connect';
import type { monitoringserver } from '@statemanager/proto';
import { expect, test } from 'vitest';
import { eventually, startStand } from './stand.ts';

const ONE_NODE = `
nodes:
  - name: node-1
    models: [{ name: brake, containers: [{ name: brake-main, image: 'localhost/brake:2' }, { name: brake-watch }] }]
`;

/** Each container's name and status, as short text that a sequence of reports can be compared by. */
const gist = ({ containers }: monitoringserver.ContainerList) =>
  containers.map(({ names, state }) => `${names[0]?.replace(/^.*-infra$/, 'pause')}:${state['Status']}`).join(' ');
const RUNNING = 'pause:running brake-main:running brake-watch:running';
const CRASHED = 'pause:running brake-main:exited brake-watch:running';

test('the first report lists every container of the node in the words of Podman', async () => {
  const { stateManager } = await startStand({ fleet: ONE_NODE });
  await eventually(() => expect(stateManager.reports).toHaveLength(1));
  const [report] = stateManager.reports;
  expect(report?.nodeName).toBe('node-1');
  const [pause, main] = report?.containers ?? [];
  expect(pause).toMatchObject({ names: [`${pause?.id.slice(0, 12)}-infra`], annotation: {} });
  expect(main).toMatchObject({
    names: ['brake-main'],
    image: 'localhost/brake:2',
    config: { Hostname: 'node-1', Image: 'localhost/brake:2' },
    annotation: { 'io.pullpiri.annotations.model': 'brake' },
  });
  expect(main?.id).toMatch(/^[0-9a-f]{64}$/);
  const { Pid, StartedAt, ...facts } = main?.state ?? {};
  expect(Number(Pid)).toBeGreaterThan(0);
  expect(new Date(StartedAt ?? '').toISOString()).toBe(StartedAt);
  expect(facts).toEqual({
    Status: 'running',
    Running: 'true',
    Paused: 'false',
    Restarting: 'false',
    OOMKilled: 'false',
    Dead: 'false',
    ExitCode: '0',
    Error: '',
    FinishedAt: '0001-01-01T00:00:00Z',
  });
});

test('a crash is exited with its exit code, and never dead', async () => {
  const { stateManager, order } = await startStand({ fleet: ONE_NODE });
  await eventually(() => expect(stateManager.reports).toHaveLength(1));
  await order({ action: 'crash', container: 'brake-main', exitCode: 139, oom: true });
  await eventually(() => expect(stateManager.reports).toHaveLength(2));
  const state = stateManager.reports[1]?.containers[1]?.state;
  expect(state).toMatchObject({ Status: 'exited', Running: 'false', OOMKilled: 'true', Dead: 'false' });
  expect(state).toMatchObject({ Pid: '0', ExitCode: '139' });
});

test('a report comes only after a change, never for statistics alone and never twice', async () => {
  const { stateManager, order, url } = await startStand({ fleet: ONE_NODE, pollMs: 1 });
  const expected = [RUNNING];
  const settle = () => eventually(() => expect(stateManager.reports.map(gist)).toEqual(expected));
  await settle();
  for (let round = 0; round < 5; round++) {
    await fetch(`${url}/nodes/node-1/hiccup`, { method: 'POST' });
    expected.push('', RUNNING);
    await settle();
  }
  await order({ action: 'crash', container: 'brake-main' });
  expected.push(CRASHED);
  await settle();
});

test('a report that failed is lost; the next change is reported', async () => {
  const { stateManager, order, fleet } = await startStand({ fleet: ONE_NODE, pollMs: 1 });
  await eventually(() => expect(stateManager.reports).toHaveLength(1));
  stateManager.before = () => Promise.reject(new ConnectError('store is away', Code.Unavailable));
  await order({ action: 'crash', container: 'brake-main' });
  await eventually(async () => expect((await fleet()).nodes[0]?.reports).toMatchObject({ sent: 1, failed: 1 }));
  stateManager.before = () => Promise.resolve();
  await order({ action: 'start', container: 'brake-main' });
  await eventually(async () => expect((await fleet()).nodes[0]?.reports).toMatchObject({ sent: 2, failed: 1 }));
  expect(stateManager.reports.map(gist)).toEqual([RUNNING, CRASHED, RUNNING]);
});

test('with repeatFailed a report is sent until it arrives', async () => {
  const { stateManager, order, fleet } = await startStand({ fleet: ONE_NODE, pollMs: 1, repeatFailed: true });
  await eventually(() => expect(stateManager.reports).toHaveLength(1));
  let failures = 3;
  stateManager.before = () =>
    failures-- > 0 ? Promise.reject(new ConnectError('store is away', Code.Unavailable)) : Promise.resolve();
  await order({ action: 'crash', container: 'brake-main' });
  await eventually(async () => expect((await fleet()).nodes[0]?.reports).toMatchObject({ sent: 2, failed: 3 }));
  expect(stateManager.reports.slice(1).map(gist)).toEqual([CRASHED, CRASHED, CRASHED, CRASHED]);
});

test('while a report waits for its answer the node looks at nothing', async () => {
  const { stateManager, order, fleet } = await startStand({ fleet: ONE_NODE, pollMs: 1 });
  await eventually(() => expect(stateManager.reports).toHaveLength(1));
  let release = () => undefined as void;
  stateManager.before = () => new Promise((resolve) => (release = resolve));
  await order({ action: 'crash', container: 'brake-main' });
  await eventually(() => expect(stateManager.reports).toHaveLength(2));
  for (const action of ['start', 'pause', 'unpause', 'stop']) await order({ action, container: 'brake-watch' });
  await order({ action: 'remove', container: 'brake-main' });
  expect((await fleet()).nodes[0]?.reports.waiting).toBe(true);
  stateManager.before = () => Promise.resolve();
  release();
  await eventually(() => expect(stateManager.reports).toHaveLength(3));
  expect(stateManager.reports.map(gist).slice(1)).toEqual([CRASHED, 'pause:running brake-watch:exited']);
});

test('a removed container is no longer listed; restarted it has a new id', async () => {
  const { stateManager, order } = await startStand({ fleet: ONE_NODE });
  await eventually(() => expect(stateManager.reports).toHaveLength(1));
  await order({ action: 'remove', model: 'brake' });
  await eventually(() => expect(stateManager.reports).toHaveLength(2));
  expect(stateManager.reports[1]?.containers).toEqual([]);
  await order({ action: 'restart', model: 'brake' });
  await eventually(() => expect(stateManager.reports).toHaveLength(3));
  const idsOf = (at: number) => stateManager.reports[at]?.containers.map(({ id }) => id) ?? [];
  expect(gist(stateManager.reports[2]!)).toBe(RUNNING);
  expect(idsOf(2)[1]).not.toBe(idsOf(0)[1]);
});

test('every node reports for itself', async () => {
  const { stateManager, order } = await startStand();
  await eventually(() => expect(stateManager.reports).toHaveLength(2));
  expect(stateManager.reports.map(({ nodeName }) => nodeName).sort()).toEqual(['node-1', 'node-2']);
  await order({ action: 'move', model: 'brake', from: 'node-1', to: 'node-2' });
  await eventually(() => expect(stateManager.reports).toHaveLength(4));
  const models = (node: string) =>
    stateManager.reports
      .findLast(({ nodeName }) => nodeName === node)
      ?.containers.flatMap(({ annotation }) => annotation['io.pullpiri.annotations.model'] ?? []);
  expect(models('node-1')).toEqual(['radio']);
  expect(models('node-2')).toEqual(['radio', 'brake', 'brake']);
});
