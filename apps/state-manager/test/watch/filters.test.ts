import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer } from '../kit/api-peer.ts';
import { eventually } from '../kit/eventually.ts';
import { connectPeer, container, type Peer, type WireContainer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml, scenarioYaml } from '../kit/world.ts';
import { connectWatch, type StreamedMessage, type WatchConnection, type WireFilter } from './watch-stream.ts';

let server: StateManagerProcess;
let api: ApiPeer;
let peer: Peer;
let connection: WatchConnection;
const cleanUp: (() => void)[] = [];

async function start(...flags: readonly string[]): Promise<void> {
  server = await startStateManager(['--missing-grace-ms', '0', '--action-controller', 'http://127.0.0.1:1', ...flags]);
  await server.waitForLog(({ msg }) => msg === 'leading: view loaded');
  api = connectApi(server.address);
  peer = connectPeer(server.address);
  connection = connectWatch(server.address);
}

async function stop(): Promise<void> {
  for (const client of [api, peer, connection]) client.close();
  await server.stop();
}

afterEach(async () => {
  await stop();
  for (const clean of cleanUp.splice(0)) clean();
});

/** A watch, and what it was sent in few words: how it began, then a line a change. */
class Recorded {
  readonly lines: string[] = [];
  readonly messages: StreamedMessage[] = [];
  revision = 0;

  constructor(filter: WireFilter) {
    connection.watch(
      filter,
      0,
      (message) => this.#take(message),
      ({ details }) => this.lines.push(`ended: ${details}`),
    );
  }

  #take(message: StreamedMessage): void {
    this.messages.push(message);
    this.revision = message.revision;
    for (const { kind, name } of message.snapshot?.resources ?? []) this.lines.push(`THERE ${kind}/${name}`);
    for (const { type, resource, transition } of message.changes?.events ?? []) {
      const moved = transition === undefined ? '' : ` ${resource.state ?? ''}`;
      this.lines.push(`${type.replace('EVENT_TYPE_', '')} ${resource.kind}/${resource.name}${moved}`);
    }
  }
}

async function watchAll<K extends string>(filters: Readonly<Record<K, WireFilter>>): Promise<Record<K, Recorded>> {
  const entries = Object.entries<WireFilter>(filters).map(([name, filter]) => [name, new Recorded(filter)] as const);
  await eventually(() => expect(entries.map(([, { revision }]) => revision)).not.toContain(0));
  return Object.fromEntries(entries) as Record<K, Recorded>;
}

/** Waits until the watches are as far as the service. Quiet ones are, at their next bookmark. */
async function caughtUp(watches: readonly Recorded[]): Promise<void> {
  const { revision } = await api.call('StateService/ListResources', { page_size: 1 });
  await eventually(() => expect(Math.min(...watches.map((w) => w.revision))).toBeGreaterThanOrEqual(Number(revision)));
}

const dead = (model: string): WireContainer => container(model, model, 'exited', { exitCode: 1 });
const running = (model: string): WireContainer => container(model, model, 'running');

it('what enters a filter is PUT, what leaves it LEFT, and what is gone REMOVED: by every part of a filter', async () => {
  await start('--store', 'memory:', '--watch-bookmark-ms', '100');
  await api.apply(packageYaml('p', ['a', 'b']), packageYaml('q', ['b']));
  const watches = await watchAll({
    kinds: { kinds: ['package', 'scenario'] },
    states: { states: ['Dead', 'Error', 'Waiting'] },
    prefix: { name_prefix: 'a' },
    package: { package: 'p', kinds: ['model', 'scenario', 'package'] },
    several: { kinds: ['model'], states: ['Running', 'Paused'], package: 'q' },
  });
  await peer.report('n', [running('a'), running('b')]);
  await peer.report('n', [dead('a'), running('b')]);
  await api.apply(scenarioYaml('s', 'p'));
  await peer.change({ resource_name: 's', target_state: 'waiting' });
  await api.apply(packageYaml('p', ['b']));
  await peer.report('n', [dead('a'), dead('b')]);
  await api.call('DefinitionService/DeleteDefinition', { kind: 'Package', name: 'q' });
  await api.call('MaintenanceService/ForgetNode', { name: 'n' });
  await caughtUp(Object.values(watches));

  // What is only told again, because something near it changed, is left out.
  const lines = (watch: Recorded): readonly string[] =>
    watch.lines.filter((line) => !/^PUT (package|model)\/\w$/.test(line));
  expect(lines(watches.kinds)).toEqual([
    'THERE package/p',
    'THERE package/q',
    'PUT package/p Running',
    'PUT package/q Running',
    'PUT package/p Degraded',
    'PUT scenario/s',
    'PUT scenario/s Waiting',
    'PUT package/p Running',
    'PUT package/p Error',
    'PUT package/q Error',
    'REMOVED package/q Error',
  ]);
  expect(lines(watches.states)).toEqual([
    'PUT model/a Dead',
    'PUT scenario/s Waiting',
    'PUT model/b Dead',
    'PUT package/p Error',
    'PUT package/q Error',
    'REMOVED package/q Error',
    'REMOVED model/a Dead',
  ]);
  expect(lines(watches.prefix)).toEqual([
    'THERE model/a',
    'PUT model/a Running',
    'PUT model/a Dead',
    'REMOVED model/a Dead',
  ]);
  expect(lines(watches.package)).toEqual([
    'THERE package/p',
    'THERE model/a',
    'THERE model/b',
    'PUT model/a Running',
    'PUT model/b Running',
    'PUT package/p Running',
    'PUT model/a Dead',
    'PUT package/p Degraded',
    'PUT scenario/s',
    'PUT scenario/s Waiting',
    'PUT package/p Running',
    'LEFT model/a',
    'PUT model/b Dead',
    'PUT package/p Error',
  ]);
  expect(watches.several.lines).toEqual(['PUT model/b Running', 'PUT model/b', 'LEFT model/b Dead']);
});

describe('after a restart', () => {
  const NODES = Array.from({ length: 20 }, (_, i) => `n${i}`);

  it('the first report of each node makes it, its models and their packages leave what is stale', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watch-'));
    cleanUp.push(() => rmSync(folder, { recursive: true }));
    const flags = ['--store', `sqlite:${join(folder, 'state.db')}`, '--watch-bookmark-ms', '100'];
    await start(...flags);
    await api.apply(
      ...NODES.map((node) => packageYaml(`p-${node}`, [`m-${node}`])),
      packageYaml(
        'all',
        NODES.map((node) => `m-${node}`),
      ),
    );
    await Promise.all(NODES.map((node) => peer.report(node, [running(`m-${node}`)])));
    await stop();
    await start(...flags);

    const { stale, fresh, everything } = await watchAll({
      stale: { stale: true },
      fresh: { stale: false },
      everything: {},
    });
    const parts = NODES.flatMap((node) => [`model/m-${node}`, `node/${node}`, `package/p-${node}`]);
    const names = [...parts, 'package/all'].sort();
    expect(stale.lines.sort()).toEqual(names.map((name) => `THERE ${name}`));
    expect(fresh.lines).toEqual([]);
    for (const { lines } of [stale, fresh, everything]) lines.splice(0);

    await peer.report('n0', [running('m-n0')]);
    await eventually(() => expect(fresh.lines).toHaveLength(3));
    await eventually(() => expect(stale.lines).toHaveLength(4));
    expect([...stale.lines].sort()).toEqual([
      'LEFT model/m-n0',
      'LEFT node/n0',
      'LEFT package/p-n0',
      'PUT package/all',
    ]);
    // Many at once, some with something new to say.
    const words = NODES.slice(1).map(
      (node, i) => [node, i % 5 === 0 ? dead(`m-${node}`) : running(`m-${node}`)] as const,
    );
    await Promise.all(words.map(([node, word]) => peer.report(node, [word])));
    await caughtUp([stale, fresh, everything]);
    // Confirmations have no revision of their own to wait for.
    await eventually(() => expect(stale.lines.filter((line) => line.startsWith('LEFT'))).toHaveLength(names.length));
    expect([...new Set(fresh.lines.map((line) => line.split(' ')[1]))].sort()).toEqual(names);
    expect(stale.lines.filter((line) => line.startsWith('LEFT')).sort()).toEqual(names.map((name) => `LEFT ${name}`));
    expect(await api.list({ stale: true })).toEqual([]);
  });
});
