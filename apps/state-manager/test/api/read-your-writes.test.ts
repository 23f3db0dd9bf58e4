import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer } from '../kit/api-peer.ts';
import { connectPeer, container, type Peer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml } from '../kit/world.ts';

const WRITES_COUNT = 1000;
const WRITERS_COUNT = 20;

describe('a read after a write', () => {
  let service: StateManagerProcess;
  let peer: Peer;
  let api: ApiPeer;

  beforeAll(async () => {
    service = await startStateManager(['--store', 'memory:']);
    await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
    peer = connectPeer(service.address);
    api = connectApi(service.address);
  });

  afterAll(async () => {
    peer.close();
    api.close();
    await service.kill();
  });

  /** Every writer does its share of the writes, one after the other, while the others do theirs. */
  async function concurrently(write: (writer: number, i: number) => Promise<void>): Promise<void> {
    const share = WRITES_COUNT / WRITERS_COUNT;
    const writers = Array.from({ length: WRITERS_COUNT }, async (_, writer) => {
      for (let i = 0; i < share; i += 1) await write(writer, i);
    });
    await Promise.all(writers);
  }

  it('sees what SendStateChange has answered', async () => {
    await concurrently(async (writer, i) => {
      const name = `s-${writer}`;
      const target = i % 2 === 0 ? 'Idle' : 'Waiting';
      const answer = await peer.change({ resource_name: name, target_state: target });
      expect(answer.error_code).toBe('ERROR_CODE_SUCCESS');
      expect(await api.get('scenario', name)).toMatchObject({ state: target, generation: String(i + 1) });
    });
  });

  it('sees what SendChangedContainerList has answered, in the model, the package and the node', async () => {
    await api.apply(
      ...Array.from({ length: WRITERS_COUNT }, (_, writer) => packageYaml(`p-${writer}`, [`m-${writer}`])),
    );
    await concurrently(async (writer, i) => {
      const dead = i % 2 === 1;
      await peer.report(`n-${writer}`, [
        container(`m-${writer}`, 'c', dead ? 'exited' : 'running', { exitCode: dead ? i : 0 }),
      ]);
      expect(await api.get('package', `p-${writer}`)).toMatchObject({ state: dead ? 'Error' : 'Running' });
      const observed = dead ? { state: 'Dead', exit_code: i } : { state: 'Running' };
      expect(await api.get('model', `m-${writer}`)).toMatchObject({ model: { nodes: [{ containers: [observed] }] } });
      const counts = dead ? { Dead: 1 } : { Running: 1 };
      expect(await api.get('node', `n-${writer}`)).toMatchObject({ node: { counts } });
    });
  });

  it('sees what ApplyDefinitions has answered', async () => {
    await concurrently(async (writer, i) => {
      const name = `d-${writer}`;
      const models = Array.from({ length: (i % 3) + 1 }, (_, m) => `${name}-${m}`);
      const { definitions } = await api.apply(packageYaml(name, models));
      const [{ revision }] = definitions as [{ revision: string }];
      const found = (await api.get('package', name)) as unknown as { package: { models: { name: string }[] } };
      expect(found).toMatchObject({ package: { definition_revision: revision } });
      expect(found.package.models.map((model) => model.name)).toEqual(models);
    });
  });
});
