import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { connectPeer, container, type Peer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { connectWatch, type StreamedMessage, type WatchConnection } from './watch-stream.ts';

const READER = fileURLToPath(new URL('watch-reader.ts', import.meta.url));
const STALLED = 'a watch whose reader takes nothing is broken off';
const MODELS_COUNT = 200;
const REPORTS_COUNT = 300;

/** What a stalled watch may cost at the most: what was sent, and not yet taken. */
const COST_MIB = 100;

let server: StateManagerProcess;
let peer: Peer;
let other: WatchConnection;
const readers: ChildProcess[] = [];

afterEach(async () => {
  for (const reader of readers.splice(0)) reader.kill('SIGKILL');
  other.close();
  peer.close();
  await server.kill();
});

async function start(...flags: readonly string[]): Promise<void> {
  // The store in memory would keep all that was written for five minutes.
  server = await startStateManager(['--store', 'memory:', '--compact-keep-ms', '500', ...flags]);
  peer = connectPeer(server.address);
  other = connectWatch(server.address);
  await server.waitForLog(({ msg }) => msg === 'leading: view loaded');
}

interface Reader {
  readonly process: ChildProcess;
  readonly said: readonly string[];
}

/** A client that watches everything, once its first bytes are there. */
async function startReader(protocol: string): Promise<Reader> {
  const child = spawn(process.execPath, [READER, server.address, protocol], { stdio: ['ignore', 'pipe', 'inherit'] });
  readers.push(child);
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  await eventually(() => expect(said).toContain('open'));
  return { process: child, said };
}

/** A watch that is read to its end, if it is admitted. */
async function isAdmitted(): Promise<boolean> {
  const connection = connectWatch(server.address);
  const admitted = await new Promise<boolean>((resolve) => {
    const stop = connection.watch(
      { kinds: ['scenario'] },
      0,
      () => {
        stop();
        resolve(true);
      },
      () => resolve(false),
    );
  });
  connection.close();
  return admitted;
}

const word = (status: string): ReturnType<typeof container>[] =>
  Array.from({ length: MODELS_COUNT }, (_, i) => container(`m-${i}`, `c-${i}`, status));

/** Each report changes every model. */
async function changeAll(): Promise<void> {
  for (let i = 0; i < REPORTS_COUNT; i += 1) await peer.report('n', word(i % 2 === 0 ? 'paused' : 'running'));
}

/** The most memory that the service has had until now. */
function mostMemoryMiB(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

describe.each(['http2', 'http1'])('over %s', (protocol) => {
  it('a client that stops reading is dropped, costs bounded memory, and holds up nobody', async () => {
    await start('--watch-stall-ms', '1500', '--max-watches-count', '2', '--watch-journal-count', '5000');
    const messages: StreamedMessage[] = [];
    const ends: string[] = [];
    other.watch(
      { kinds: ['node'] },
      0,
      (message) => messages.push(message),
      ({ details }) => ends.push(details),
    );
    await changeAll();
    const { process: reader, said } = await startReader(protocol);
    reader.kill('SIGSTOP');
    expect(await isAdmitted()).toBe(false);
    // The most that as many changes took without a stalled watch.
    const beforeMiB = mostMemoryMiB();
    const before = messages.length;
    await changeAll();
    const costMiB = mostMemoryMiB() - beforeMiB;
    console.log(`${REPORTS_COUNT * MODELS_COUNT} changes beside a stalled watch: ${costMiB.toFixed(0)} MiB more`);
    expect(costMiB).toBeLessThan(COST_MIB);

    const line = await server.waitForLog(({ msg }) => msg === STALLED);
    expect(line).toMatchObject({ ms: 1500, caller: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string });
    await eventually(async () => expect(await isAdmitted()).toBe(true));
    await eventually(() => expect(messages.length - before).toBe(REPORTS_COUNT));
    expect(messages.slice(before).every(({ message }) => message === 'changes')).toBe(true);
    expect(ends).toEqual([]);
    reader.kill('SIGCONT');
    await eventually(() => expect(said.at(-1)).toMatch(/^ended: (?!in order)/));
  });

  it('a client that vanishes without a word makes room for another at once', async () => {
    await start('--max-watches-count', '1');
    const { process: reader } = await startReader(protocol);
    expect(await isAdmitted()).toBe(false);
    const gone = once(reader, 'exit');
    reader.kill('SIGKILL');
    await gone;
    await eventually(async () => expect(await isAdmitted()).toBe(true), 2000);
    expect(server.logs.filter(({ msg }) => msg === STALLED)).toEqual([]);
  });
});
