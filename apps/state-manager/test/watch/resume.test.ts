import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEtcd } from '@statemanager/etcd-store/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { connectPeer, container, type Peer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { connectWatcher, type WatchPeer } from './watch-client.ts';

let server: StateManagerProcess;
let peer: Peer;
let watcher: WatchPeer;
const cleanUp: (() => Promise<void> | void)[] = [];

async function start(...flags: readonly string[]): Promise<void> {
  server = await startStateManager(flags);
  await server.waitForLog(({ msg }) => msg === 'leading: view loaded');
  peer = connectPeer(server.address);
  watcher = connectWatcher(server.address);
}

async function stop(): Promise<void> {
  peer.close();
  watcher.close();
  await server.stop();
}

afterEach(async () => {
  await stop();
  for (const clean of cleanUp.splice(0)) await clean();
});

const report = (status: string): Promise<unknown> => peer.report('n1', [container('m', 'c', status)]);

/** Watches until the snapshot is there, and returns its revision. */
async function snapshotRevision(): Promise<string> {
  const watch = watcher.watch({}, '0');
  const { revision } = await watch.next(({ snapshot }) => snapshot?.complete === true);
  watch.cancel();
  return revision;
}

describe('a watch that comes back', () => {
  it('gets a bookmark at once, and then only what it has missed', async () => {
    await start('--store', 'memory:');
    await report('running');
    const revision = await snapshotRevision();
    const quiet = watcher.watch({}, revision);
    expect(await quiet.next(() => true)).toMatchObject({ message: 'bookmark', revision });
    quiet.cancel();
    await report('paused');
    await report('running');
    const watch = watcher.watch({ kinds: ['model'] }, revision);
    await watch.next(({ changes }) => changes?.events.some(({ transition }) => transition?.to === 'Running') ?? false);
    expect(watch.messages.map(({ message }) => message)).toEqual(['bookmark', 'changes', 'changes']);
  });

  it.each(['sqlite', 'etcd'])('after a restart hears RESYNC with the reason, and begins anew: %s', async (kind) => {
    let store: string;
    if (kind === 'sqlite') {
      const folder = mkdtempSync(join(tmpdir(), 'watch-'));
      cleanUp.push(() => rmSync(folder, { recursive: true }));
      store = `sqlite:${join(folder, 'state.db')}`;
    } else {
      const etcd = await startEtcd();
      cleanUp.push(() => etcd.stop());
      store = `etcd:${etcd.endpoint}`;
    }
    // A short history, so that the store has compacted what the watch has seen last.
    await start('--store', store, '--compact-keep-ms', '50');
    await report('running');
    const old = await snapshotRevision();
    await report('paused');
    await stop();
    await start('--store', store, '--compact-keep-ms', '50');
    const watch = watcher.watch({ kinds: ['model'] }, old);
    await watch.next(({ snapshot }) => snapshot?.complete === true);
    expect(watch.messages.map(({ message }) => message)).toEqual(['resync', 'snapshot']);
    expect(watch.messages[0]?.resync?.reason).toMatch(
      /^what came after revision \d+ is not known|^revision \d+ is not there/,
    );
    expect(watch.messages[1]?.snapshot?.resources).toMatchObject([{ kind: 'model', name: 'm' }]);
  });

  it('from a revision that is not there yet hears RESYNC', async () => {
    await start('--store', 'memory:');
    const watch = watcher.watch({}, '1000000');
    const { resync } = await watch.next(({ message }) => message === 'resync');
    expect(resync?.reason).toMatch(/^revision 1000000 is not there yet/);
    await watch.next(({ snapshot }) => snapshot?.complete === true);
  });

  it('later than --watch-resume-ms hears RESYNC', async () => {
    await start('--store', 'memory:', '--watch-resume-ms', '100');
    await report('running');
    const old = await snapshotRevision();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await report('paused');
    const watch = watcher.watch({}, old);
    await watch.next(({ snapshot }) => snapshot?.complete === true);
    expect(watch.messages[0]?.message).toBe('resync');
  });

  it('hears RESYNC when the journal has forgotten what it needs', async () => {
    await start('--store', 'memory:', '--watch-journal-count', '10');
    await report('running');
    const old = await snapshotRevision();
    for (let i = 0; i < 20; i += 1) await report(i % 2 === 0 ? 'paused' : 'running');
    const watch = watcher.watch({}, old);
    await watch.next(({ snapshot }) => snapshot?.complete === true);
    expect(watch.messages[0]?.message).toBe('resync');
  });
});

describe('after a restart', () => {
  it('everything is stale until its node has reported, and watches see that end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watch-'));
    cleanUp.push(() => rmSync(folder, { recursive: true }));
    const store = `sqlite:${join(folder, 'state.db')}`;
    await start('--store', store);
    await report('running');
    await stop();
    await start('--store', store);
    const all = watcher.watch({}, '0');
    const { snapshot } = await all.next(({ message }) => message === 'snapshot');
    expect(snapshot?.resources.map(({ kind, stale }) => [kind, stale])).toEqual([
      ['model', true],
      ['node', true],
    ]);
    const stale = watcher.watch({ stale: true }, '0');
    await stale.next(({ message }) => message === 'snapshot');
    await report('running');
    const { changes } = await all.next(({ message }) => message === 'changes');
    expect(changes?.events.map(({ type, resource }) => [type, resource.kind, resource.stale])).toEqual([
      ['EVENT_TYPE_PUT', 'model', false],
      ['EVENT_TYPE_PUT', 'node', false],
    ]);
    const left = await stale.next(({ message }) => message === 'changes');
    expect(left.changes?.events.map(({ type, resource }) => [type, resource.kind])).toEqual([
      ['EVENT_TYPE_LEFT', 'model'],
      ['EVENT_TYPE_LEFT', 'node'],
    ]);
  });
});
