import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { v1 } from '@statemanager/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { connectApi } from '../kit/api-peer.ts';
import { startEtcdView, type EtcdView } from '../kit/etcd-view.ts';
import { eventually } from '../kit/eventually.ts';
import { connectPeer, container, type Peer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import {
  connectWatch,
  summaryOf,
  type StreamedMessage,
  type WatchConnection,
  type WireFilter,
} from './watch-stream.ts';

let server: StateManagerProcess;
let peer: Peer;
let connection: WatchConnection;

async function start(...flags: readonly string[]): Promise<void> {
  server = await startStateManager(flags);
  await server.waitForLog(({ msg }) => msg === 'leading: view loaded');
  peer = connectPeer(server.address);
  connection = connectWatch(server.address);
}

afterEach(async () => {
  peer.close();
  connection.close();
  await server.stop();
});

/** Every model of a node goes from one state to the other. */
async function changeAll(node: string, modelsCount: number, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const status = i % 2 === 0 ? 'paused' : 'running';
    await peer.report(
      node,
      Array.from({ length: modelsCount }, (_, k) => container(`${node}-${k}`, `c-${k}`, status)),
    );
  }
}

/** What a watch is sent until it is stopped. */
function record(filter: WireFilter, after = 0): { readonly messages: StreamedMessage[]; readonly stop: () => void } {
  const messages: StreamedMessage[] = [];
  const stop = connection.watch(
    filter,
    after,
    (message) => messages.push(message),
    ({ code, details }) => expect.fail(`it ended: ${code} ${details}`),
  );
  return { messages, stop };
}

const kindsOf = (messages: readonly StreamedMessage[]): readonly string[] => messages.map(({ message }) => message);

/** What it is sent is not compressed, so that little of it fits on the way. */
function clientOf(): ReturnType<typeof createClient<typeof v1.StateService>> {
  const transport = createGrpcTransport({ baseUrl: `http://${server.address}`, acceptCompression: [] });
  return createClient(v1.StateService, transport);
}

describe('a reader that is slow', () => {
  it('but reads is told of the gap, and knows everything after it', async () => {
    await start('--store', 'memory:', '--watch-journal-count', '1000');
    await changeAll('n', 200, 1);
    const ended = new AbortController();
    const known = new Map<string, string>();
    let resyncsCount = 0;
    let delayMs = 20;
    const reading = (async () => {
      for await (const { message } of clientOf().watchResources({}, { signal: ended.signal })) {
        await sleep(delayMs);
        if (message.case === 'resync') {
          resyncsCount += 1;
          known.clear();
        }
        const events = message.case === 'changes' ? message.value.events : [];
        const put = message.case === 'snapshot' ? message.value.resources : events.map(({ resource }) => resource);
        for (const resource of put) {
          if (resource === undefined) continue;
          const { kind, name, state, stale } = resource;
          known.set(
            `${kind}/${name}`,
            summaryOf({ kind, name, state, stale, generation: Number(resource.generation) }),
          );
        }
      }
    })();
    await changeAll('n', 200, 150);
    await eventually(() => expect(resyncsCount).toBeGreaterThan(0));
    delayMs = 0;
    const api = connectApi(server.address);
    const there = (await api.list()).map((resource) => {
      const { kind, name, state, stale, generation } = resource;
      return summaryOf({ kind, name, state, stale, generation: Number(generation) });
    });
    api.close();
    await eventually(() => expect([...known.values()].sort()).toEqual([...there].sort()));
    ended.abort();
    await expect(reading).rejects.toThrow();
  });
});

describe('a quiet watch of a busy fleet', () => {
  it('hears how far it is, so that it can resume although the journal has forgotten all that it ever saw', async () => {
    await start('--store', 'memory:', '--watch-journal-count', '300', '--watch-bookmark-ms', '100');
    const { messages, stop } = record({ kinds: ['scenario'] });
    await eventually(() => expect(messages).toHaveLength(1));
    const first = messages[0]?.revision ?? 0;
    const busy = changeAll('n', 50, 200);
    await eventually(() => expect(messages.at(-1)?.revision).toBeGreaterThan(first + 20));
    await busy;
    await eventually(() => expect(messages.at(-1)?.revision).toBeGreaterThan(first + 199));
    stop();
    expect(new Set(kindsOf(messages.slice(1)))).toEqual(new Set(['bookmark']));
    const resumed = record({ kinds: ['scenario'] }, messages.at(-1)?.revision);
    await eventually(() => expect(resumed.messages.length).toBeGreaterThan(1));
    expect(kindsOf(resumed.messages)).not.toContain('resync');
    resumed.stop();
  });
});

describe('a store that forgets', () => {
  let etcd: EtcdView | undefined;

  afterEach(async () => {
    await etcd?.stop();
  });

  const post = async (path: string, body: object): Promise<{ readonly ok: boolean; readonly text: string }> => {
    const answer = await fetch(`http://${etcd?.endpoint}/v3/kv/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    return { ok: answer.ok, text: await answer.text() };
  };

  it('takes nothing from a watch that comes back in time: it neither asks the store nor begins anew', async () => {
    etcd = await startEtcdView();
    await start('--store', etcd.storeUrl, '--compact-keep-ms', '0');
    await changeAll('n', 3, 1);
    const before = record({ kinds: ['model'] });
    await eventually(() => expect(before.messages).toHaveLength(1));
    before.stop();
    const seen = before.messages[0]?.revision ?? 0;
    await changeAll('n', 3, 4);
    const compacted = await post('compaction', { revision: seen + 2, physical: true });
    expect(compacted).toMatchObject({ ok: true });
    expect((await post('range', { key: 'AA==', revision: seen })).text).toContain('compacted');
    const after = record({ kinds: ['model'] }, seen);
    await eventually(() => expect(after.messages.length).toBeGreaterThan(3));
    after.stop();
    expect(kindsOf(after.messages)).toEqual(['bookmark', 'changes', 'changes', 'changes']);
  });
});
