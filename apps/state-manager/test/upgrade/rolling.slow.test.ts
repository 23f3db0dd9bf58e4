import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startController, type ScriptedController } from '../kit/controller.ts';
import { startEtcdView, type EtcdView } from '../kit/etcd-view.ts';
import { eventually } from '../kit/eventually.ts';
import { connectPeer, container, type Peer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml } from '../kit/world.ts';
import { buildOlder, hasCommit, type OlderBuild } from './older-build.ts';

/** The last commit before there were replicas. Once there is a release, the one before this takes its place. */
const PREVIOUS = '826ebe9aad9bfdaded668dabcd0df8b6c187631e';

const NODES_COUNT = 4;
const isThere = hasCommit(PREVIOUS);
if (!isThere) console.log(`skipped: this clone has no commit ${PREVIOUS}; fetch its whole history to run this`);

describe.skipIf(!isThere)('an upgrade of one process after the other, under load, and back', () => {
  let older: OlderBuild;
  let etcd: EtcdView;
  let controller: ScriptedController;
  const running = new Map<string, { readonly service: StateManagerProcess; readonly peer: Peer }>();

  beforeAll(async () => {
    older = buildOlder(PREVIOUS);
    etcd = await startEtcdView();
    controller = await startController();
  }, 300_000);

  afterAll(async () => {
    for (const { service, peer } of running.values()) {
      peer.close();
      await service.kill();
    }
    controller.stop();
    await etcd.stop();
    older.dispose();
  });

  async function start(id: string, release: 'older' | 'this'): Promise<void> {
    const flags = ['--store', etcd.storeUrl, '--id', id, '--action-controller', controller.url];
    const more = ['--lease-ttl-seconds', '2', '--answer-within-ms', '2000'];
    const entry = release === 'older' ? older.entry : undefined;
    const service = await startStateManager([...flags, ...more], {}, entry);
    running.set(id, { service, peer: connectPeer(service.address) });
  }

  async function stop(id: string): Promise<void> {
    const { service, peer } = running.get(id) as { service: StateManagerProcess; peer: Peer };
    running.delete(id);
    expect(await service.stop()).toBe(0);
    peer.close();
    const bad = service.logs.filter(({ msg }) => msg?.startsWith('bad value'));
    expect(bad).toEqual([]);
  }

  /** Asks one after the other until one answers: as clients do who know all of them. */
  async function ask<T>(call: (peer: Peer) => Promise<T>): Promise<T> {
    for (;;) {
      for (const { peer } of [...running.values()]) {
        try {
          return await call(peer);
        } catch {
          await sleep(20);
        }
      }
    }
  }

  it('loses nothing that was acknowledged', { timeout: 180_000 }, async () => {
    await etcd.put('Package/p', packageYaml('p', ['m0', 'm1', 'm2', 'm3']));
    await start('a', 'older');
    const over = new AbortController();
    const acknowledged: string[] = [];
    const last = new Map<string, string>();
    const writers = Array.from({ length: NODES_COUNT }, async (_, i) => {
      for (let n = 0; !over.signal.aborted; n += 1) {
        const change = { resource_name: `s${i}-${n}`, target_state: 'idle', transition_id: `t${i}-${n}` };
        const { error_code } = await ask((peer) => peer.change(change, 3000));
        expect(error_code).toBe('ERROR_CODE_SUCCESS');
        acknowledged.push(`s${i}-${n}`);
        const status = n % 2 === 0 ? 'running' : 'exited';
        await ask((peer) => peer.report(`n${i}`, [container(`m${i}`, `c${i}`, status)], 3000));
        last.set(`m${i}`, status === 'running' ? 'Running' : 'Exited');
      }
    });
    const more = async (): Promise<void> => {
      const count = acknowledged.length + 40;
      await eventually(() => expect(acknowledged.length).toBeGreaterThan(count), 20_000);
    };
    await more();
    await start('b', 'this');
    await more();
    await stop('a');
    await more();
    await start('a', 'this');
    await more();
    await start('c', 'older');
    await stop('b');
    await more();
    await stop('a');
    // The older release leads again.
    await more();
    over.abort();
    await Promise.all(writers);
    for (const name of acknowledged) expect(await etcd.get(`/scenario/${name}/state`), name).toBe('Idle');
    for (const [model, state] of last) expect(await etcd.get(`/model/${model}/state`), model).toBe(state);
    const history = await etcd.list('/statemanager/history/scenario/');
    expect(history.size).toBe(acknowledged.length);
    await stop('c');
  });
});
