import { connect, constants, type ClientHttp2Stream } from 'node:http2';
import { readFileSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { connectPeer, container, type Peer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { connectWatcher, type WatchPeer } from './watch-client.ts';

let server: StateManagerProcess;
let peer: Peer;
let watcher: WatchPeer;

async function start(...flags: readonly string[]): Promise<void> {
  server = await startStateManager(['--store', 'memory:', ...flags]);
  peer = connectPeer(server.address);
  watcher = connectWatcher(server.address);
}

afterEach(async () => {
  peer.close();
  watcher.close();
  await server.stop();
});

const word = (count: number, status: string): ReturnType<typeof container>[] =>
  Array.from({ length: count }, (_, i) => container(`m-${i}`, `c-${i}`, status));

describe('a watch', () => {
  it('says of what enters its filter, leaves it and is gone', async () => {
    await start('--missing-grace-ms', '0');
    const watch = watcher.watch({ kinds: ['model'], states: ['Running'] }, '0');
    await watch.next(({ snapshot }) => snapshot?.complete === true);
    for (const status of ['paused', 'running', 'exited', 'running'])
      await peer.report('n', [container('m', 'c', status)]);
    await peer.report('n', []);
    const isGone = ({ type }: { readonly type: string }): boolean => type === 'EVENT_TYPE_REMOVED';
    await watch.next(({ changes }) => changes?.events.some(isGone) ?? false);
    const events = watch.messages.flatMap(({ changes }) => changes?.events ?? []);
    expect(events.map(({ type, transition }) => [type, transition?.to])).toEqual([
      ['EVENT_TYPE_PUT', 'Running'],
      ['EVENT_TYPE_LEFT', 'Exited'],
      ['EVENT_TYPE_PUT', 'Running'],
      ['EVENT_TYPE_REMOVED', ''],
    ]);
  });

  it('hears how far it is while nothing happens', async () => {
    await start('--watch-bookmark-ms', '100');
    const watch = watcher.watch({ kinds: ['scenario'] }, '0');
    await peer.report('n', word(1, 'running'));
    const revision = Math.max(...(await watcher.list({})).map((resource) => Number(resource['revision' as 'name'])));
    await watch.next((message) => message.message === 'bookmark' && Number(message.revision) === revision);
  });

  it('is refused where too many run, and admitted when one is gone without a word', async () => {
    await start('--max-watches-count', '1');
    const session = connect(`http://${server.address}`);
    const first = openRaw(session.request(REQUEST_HEADERS));
    await new Promise((resolve) => first.once('response', resolve));
    const { code, details } = await watcher.watch({}, '0').ended;
    expect([code, details]).toEqual([grpc.status.RESOURCE_EXHAUSTED, '1 watches run already (--max-watches-count)']);
    session.destroy();
    await eventually(async () => {
      const watch = watcher.watch({}, '0');
      await watch.next(({ message }) => message === 'snapshot', 500);
      watch.cancel();
    });
  });

  it('ends with UNAVAILABLE when the service stops, which it does promptly', async () => {
    await start();
    const watch = watcher.watch({}, '0');
    await watch.next(({ message }) => message === 'snapshot');
    const began = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(3000);
    expect((await watch.ended).code).toBe(grpc.status.UNAVAILABLE);
  });

  it('whose reader takes nothing is broken off with a reason, costs bounded memory, and holds up nobody', async () => {
    await start('--watch-stall-ms', '2000', '--watch-journal-count', '5000', '--max-watches-count', '2');
    for (let node = 0; node < 10; node += 1) {
      const containers = Array.from({ length: 200 }, (_, i) => container(`s-${node}-${i}`, `c-${i}`, 'running'));
      await peer.report(`n-${node}`, containers);
    }
    // Its snapshot is larger than what the two ends buffer, and it reads nothing of it.
    const session = connect(`http://${server.address}`);
    const stalled = openRaw(session.request(REQUEST_HEADERS));
    stalled.pause();
    const closed = new Promise<number>((resolve) => stalled.once('close', () => resolve(stalled.rstCode)));
    const other = watcher.watch({ kinds: ['node'], name_prefix: 'busy' }, '0');
    await other.next(({ message }) => message === 'snapshot');
    const beforeMiB = residentMiB();
    for (let i = 0; i < 250; i += 1) await peer.report('busy', word(200, i % 2 === 0 ? 'paused' : 'running'));
    expect(residentMiB() - beforeMiB).toBeLessThan(250);
    const said = await server.waitForLog(({ msg }) => msg === 'a watch whose reader takes nothing is broken off');
    expect(said).toMatchObject({ ms: 2000, caller: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string });
    stalled.resume();
    expect(await closed).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await eventually(async () => {
      const next = watcher.watch({}, '0');
      await next.next(({ message }) => message === 'snapshot', 500);
      next.cancel();
    });
    await peer.report('busy-too', word(1, 'running'));
    await other.next(({ changes }) => changes?.events.some(({ resource }) => resource.name === 'busy-too') ?? false);
    session.destroy();
  });
});

const REQUEST_HEADERS = {
  ':method': 'POST',
  ':path': '/statemanager.v1.StateService/WatchResources',
  'content-type': 'application/grpc',
  te: 'trailers',
} as const;

/** Sends an empty request: everything is watched. */
function openRaw(stream: ClientHttp2Stream): ClientHttp2Stream {
  stream.on('error', () => undefined);
  stream.end(Buffer.alloc(5));
  return stream;
}

function residentMiB(): number {
  const [, kib = ''] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}
