import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireContainer } from '../kit/peer.ts';
import { startWorld, type World } from '../kit/world.ts';

const RUNNING = { Status: 'running' };

/** Every way to say whose a container is, from the first that counts to the last. */
const WAYS: readonly ((model: string) => WireContainer)[] = [
  (model) => ({ annotation: { 'io.pullpiri.annotations.model': model } }),
  (model) => ({ annotation: { 'pullpiri.model': model } }),
  (model) => ({ annotation: { model } }),
  (model) => ({ config: { model } }),
  (model) => ({ names: [`model-${model}`] }),
];

function merge(...parts: readonly WireContainer[]): WireContainer {
  return {
    state: RUNNING,
    annotation: Object.assign({}, ...parts.map((part) => part.annotation)) as Record<string, string>,
    config: Object.assign({}, ...parts.map((part) => part.config)) as Record<string, string>,
    names: parts.flatMap((part) => part.names ?? []),
  };
}

describe('which model a container belongs to, through the wire', () => {
  let world: World;
  beforeAll(async () => (world = await startWorld()));
  afterAll(() => world.stop());

  it.each(WAYS.map((way, i) => ({ i, way })))('way $i, alone', async ({ i, way }) => {
    await world.peer.report(`alone-${i}`, [merge(way(`only-${i}`))]);
    expect(await world.state('model', `only-${i}`)).toBe('Running');
  });

  it.each(WAYS.slice(1).map((_, i) => i))('way %i goes before all that follow', async (i) => {
    const ways = WAYS.slice(i).map((way, j) => way(`order-${i}-${i + j}`));
    await world.peer.report(`order-${i}`, [merge(...ways)]);
    const found = [...(await world.etcd.list(`/model/order-${i}-`)).keys()];
    expect(found).toEqual([`/model/order-${i}-${i}/state`]);
  });

  it('finds the name with a slash before it, and among several names', async () => {
    await world.peer.report('slashed', [
      { names: ['/model-slashed'], state: RUNNING },
      { names: ['plain', '/model-second'], state: RUNNING },
    ]);
    expect(await world.state('model', 'slashed')).toBe('Running');
    expect(await world.state('model', 'second')).toBe('Running');
    const node = (await world.etcd.get('/statemanager/node/slashed')) as string;
    const since = expect.any(Number) as number;
    expect((JSON.parse(node) as { models: unknown }).models).toEqual({
      second: [['plain', 'container.running', since]],
      slashed: [['model-slashed', 'container.running', since]],
    });
  });

  it('knows a container without a name by its id', async () => {
    await world.peer.report('nameless', [{ id: 'abc123', state: RUNNING, annotation: { model: 'nameless' } }]);
    expect(await world.etcd.get('/statemanager/node/nameless')).toContain('"abc123"');
  });

  it('leaves out what is nobody’s, such as the pause container of a pod', async () => {
    const before = [...(await world.etcd.list('/model/')).keys()];
    await world.peer.report('nobodys', [
      { names: ['pod-infra'], state: { Status: 'exited', ExitCode: '1' }, config: { Hostname: 'nobodys' } },
      { names: ['a-model-x'], state: RUNNING, annotation: { Model: 'no', 'pullpiri.models': 'no' } },
    ]);
    expect([...(await world.etcd.list('/model/')).keys()]).toEqual(before);
  });

  it.each(['', 'has space', 'has/slash', '-dash', '.dot', 'ümlaut', 'x'.repeat(254), '__proto__'])(
    'does not take %j for a name: the container is not ours, and the rest of the report stands',
    async (bad) => {
      const node = `bad-${Buffer.from(bad).toString('hex').slice(0, 20)}`;
      await world.peer.report(node, [
        {
          names: ['wrong'],
          state: RUNNING,
          annotation: { 'io.pullpiri.annotations.model': bad, model: `not-${node}` },
        },
        { names: ['right'], state: RUNNING, annotation: { model: node } },
      ]);
      expect(await world.state('model', node)).toBe('Running');
      expect(await world.state('model', `not-${node}`)).toBeUndefined();
      const said = await world.service.waitForLog((line) => line.node === node && line.container !== undefined);
      expect(said).toMatchObject({ level: 'warn' });
      expect(String(said.container)).toContain('wrong');
    },
  );

  it('logs a misnamed container once', async () => {
    const report = (status: string): Promise<unknown> =>
      world.peer.report('noisy', [
        { names: ['wrong'], state: RUNNING, annotation: { model: '*' } },
        { names: ['right'], state: { Status: status }, annotation: { model: 'noisy' } },
      ]);
    for (const status of ['running', 'paused', 'running']) await report(status);
    await world.service.waitForLog((line) => line.name === 'noisy' && line.from === 'Paused');
    expect(world.service.logs.filter((line) => line.node === 'noisy')).toHaveLength(1);
  });

  it.each(['constructor', 'toString', '1', '0x', 'A.b_c-d', 'x'.repeat(253)])('takes %j for a name', async (name) => {
    await world.peer.report(`good-${name.length}-${name.slice(0, 20)}`, [
      { names: ['c'], state: RUNNING, annotation: { model: name } },
    ]);
    expect(await world.state('model', name)).toBe('Running');
  });
});
