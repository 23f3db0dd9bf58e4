import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { container } from '../kit/peer.ts';
import { packageYaml, scenarioYaml, startWorld, type World } from '../kit/world.ts';

describe('lifetime, with definitions that come and go in the store', () => {
  let world: World;
  beforeAll(async () => (world = await startWorld()));
  afterAll(() => world.stop());

  const dead = (model: string): ReturnType<typeof container> =>
    container(model, `${model}-c`, 'exited', { exitCode: 1 });
  const undefine = async (name: string): Promise<void> => {
    await world.etcd.delete(`Package/${name}`);
    await eventually(async () => expect(await world.state('package', name)).toBeUndefined());
  };

  it('creates a package with its definition, stored at once', async () => {
    await world.etcd.put('Package/fresh', packageYaml('fresh', ['fresh-1']));
    await eventually(async () => expect(await world.state('package', 'fresh')).toBe('Idle'));
    expect(await world.state('model', 'fresh-1')).toBeUndefined();
  });

  it('removes the state and the intent of a package with its definition, and goes on with its generation', async () => {
    await world.define('gone', ['gone-1']);
    await world.peer.report('gone-node', [dead('gone-1')]);
    expect(await world.etcd.get('/statemanager/reconcile/gone')).toBeDefined();
    const { generation } = await world.record('package', 'gone');
    await undefine('gone');
    expect(await world.etcd.get('/statemanager/reconcile/gone')).toBeUndefined();
    expect(await world.record('package', 'gone')).toMatchObject({ state: null, removed: true });
    await world.define('gone', ['gone-1']);
    expect(await world.state('package', 'gone')).toBe('Error');
    expect((await world.record('package', 'gone')).generation).toBe((generation as number) + 2);
  });

  it('keeps a model while a definition names it, a node reports it, or a request set it', async () => {
    await world.define('holder-1', ['observed', 'requested', 'named-twice', 'unheld']);
    await world.define('holder-2', ['named-twice']);
    await world.peer.report('holder', [
      container('observed', 'a', 'running'),
      container('unheld', 'b', 'exited'),
      container('named-twice', 'c', 'exited'),
    ]);
    await world.peer.report('holder', [container('observed', 'a', 'running')]);
    const request = { resource_type: 'RESOURCE_TYPE_MODEL', resource_name: 'requested', target_state: 'paused' };
    await world.peer.change(request);
    await undefine('holder-1');
    await eventually(async () => expect(await world.state('model', 'unheld')).toBeUndefined());
    expect(await world.state('model', 'observed')).toBe('Running');
    expect(await world.state('model', 'requested')).toBe('Paused');
    expect(await world.state('model', 'named-twice')).toBe('Exited');
    await undefine('holder-2');
    expect(await world.state('model', 'named-twice')).toBeUndefined();
  });

  it('removes a model that no definition names with its last container: at once, without grace', async () => {
    await world.peer.report('stray', [container('stray-model', 'a', 'running')]);
    expect(await world.state('model', 'stray-model')).toBe('Running');
    await world.peer.report('stray', []);
    expect(await world.state('model', 'stray-model')).toBeUndefined();
  });

  it('removes a model that a definition stops to name, if nothing else holds it', async () => {
    await world.define('shrinks', ['stays', 'leaves']);
    await world.peer.report('shrinking', [container('stays', 'a', 'exited'), container('leaves', 'b', 'exited')]);
    await world.peer.report('shrinking', []);
    expect(await world.state('model', 'leaves')).toBe('Exited');
    await world.define('shrinks', ['stays']);
    expect(await world.state('model', 'leaves')).toBeUndefined();
    expect(await world.state('model', 'stays')).toBe('Exited');
  });

  it('removes a scenario’s state with its definition', async () => {
    await world.etcd.put('Scenario/short', scenarioYaml('short', 'fresh'));
    await eventually(async () => expect(await world.record('scenario', 'short')).toHaveProperty('definition'));
    expect(await world.state('scenario', 'short')).toBeUndefined();
    await world.peer.change({ resource_name: 'short', target_state: 'waiting' });
    expect(await world.state('scenario', 'short')).toBe('Waiting');
    await world.etcd.delete('Scenario/short');
    await eventually(async () => expect(await world.state('scenario', 'short')).toBeUndefined());
  });

  it.each([
    ['bad YAML', 'kind: Package\nmetadata: {name: [\n'],
    ['the wrong kind', scenarioYaml('victim', 'victim')],
    ['another name', packageYaml('somebody-else', ['m'])],
    ['no kind', 'metadata:\n  name: victim\n'],
    ['a model without a name', 'kind: Package\nmetadata:\n  name: victim\nspec:\n  models:\n    - node: n1\n'],
    ['nothing', ''],
  ])('names the key of a definition with %s, keeps what was known, and serves the others', async (what, bad) => {
    await world.define('victim', ['victim-1']);
    await world.peer.report('victim', [dead('victim-1')]);
    const { definition, generation } = await world.record('package', 'victim');
    const said = world.service.logs.length;
    await world.etcd.put('Package/victim', bad);
    await world.service.waitForLog(
      (line) => line.key === 'Package/victim' && line.level === 'error' && world.service.logs.indexOf(line) >= said,
    );
    const neighbour = `next-to-${what.replaceAll(' ', '-')}`;
    await world.define(neighbour, ['victim-1']);
    expect(await world.state('package', neighbour)).toBe('Error');
    expect(await world.state('package', 'victim')).toBe('Error');
    expect(await world.record('package', 'victim')).toMatchObject({ definition, generation });
    await world.etcd.put('Package/victim', packageYaml('victim', []));
    await eventually(async () => expect(await world.state('package', 'victim')).toBe('Idle'));
  });

  it('follows what changed in the store while nobody was there', async () => {
    await world.define('away-changed', ['away-1']);
    await world.define('away-deleted', ['away-1']);
    await world.peer.report('away', [dead('away-1')]);
    await world.crash(async () => {
      await world.etcd.put('Package/away-changed', packageYaml('away-changed', ['away-1', 'away-2']));
      await world.etcd.delete('Package/away-deleted');
      await world.etcd.put('Package/away-new', packageYaml('away-new', ['away-1']));
    });
    await eventually(async () => expect(await world.state('package', 'away-changed')).toBe('Degraded'));
    await eventually(async () => expect(await world.state('package', 'away-new')).toBe('Error'));
    await eventually(async () => expect(await world.state('package', 'away-deleted')).toBeUndefined());
    expect(await world.etcd.get('/statemanager/reconcile/away-deleted')).toBeUndefined();
  });
});

describe('--max-resources-count', () => {
  let world: World;
  beforeAll(async () => (world = await startWorld(['--max-resources-count', '2'])));
  afterAll(() => world.stop());

  it('refuses a third of each kind, and says so', async () => {
    for (const kind of ['SCENARIO', 'PACKAGE', 'MODEL']) {
      const change = (name: string): Promise<{ error_code: string; error_details: string }> =>
        world.peer.change({
          resource_type: `RESOURCE_TYPE_${kind}`,
          resource_name: name,
          target_state: kind === 'MODEL' ? 'dead' : 'idle',
        });
      expect((await change('one')).error_code).toBe('ERROR_CODE_SUCCESS');
      expect((await change('two')).error_code).toBe('ERROR_CODE_SUCCESS');
      const refused = await change('three');
      expect(refused.error_code).toBe('ERROR_CODE_RESOURCE_UNAVAILABLE');
      expect(refused.error_details).toContain('--max-resources-count');
    }
    await expect(world.peer.report('n', [container('three', 'c', 'running')])).rejects.toMatchObject({ code: 8 });
    expect(await world.state('model', 'three')).toBeUndefined();
    await world.etcd.put('Package/three', packageYaml('three', []));
    const said = await world.service.waitForLog((line) => line.input === 'package-defined' && line.name === 'three');
    expect(said).toMatchObject({ level: 'error' });
    expect(said.problem).toContain('--max-resources-count');
    expect(await world.state('package', 'three')).toBeUndefined();
  });
});
