import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { connectPeer, container } from '../kit/peer.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const STOPS_WITHIN_MS = 5000;

let service: ChildProcess | undefined;

afterEach(() => {
  service?.kill('SIGKILL');
});

/** Starts the service and reads its log until it listens. */
async function start(): Promise<{ readonly child: ChildProcess; readonly address: string }> {
  const flags = ['--store', 'memory:', '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  service = child;
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await eventually(() => expect(said).toContain('leading: view loaded'));
  child.stdout.removeAllListeners('data');
  return { child, address: /"listening":"([^"]+)"/.exec(said)?.[1] ?? expect.fail(said) };
}

async function report(address: string, rounds: number): Promise<void> {
  const peer = connectPeer(address);
  for (let i = 0; i < rounds; i += 1) {
    const status = i % 2 === 0 ? 'running' : 'paused';
    await peer.report(
      'n',
      Array.from({ length: 100 }, (_, k) => container(`m${k}`, 'c', status)),
    );
  }
  peer.close();
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
  const [code] = await exited;
  clearTimeout(timer);
  return code;
}

describe('a reader of the log', () => {
  it('that is gone does not keep the service from answering, or from stopping', async () => {
    const { child, address } = await start();
    child.stdout?.destroy();
    await report(address, 2);
    expect(await exitOf(child)).toBe(0);
  });

  it('that takes nothing does not either', async () => {
    const { child, address } = await start();
    child.stdout?.pause();
    await report(address, 40);
    expect(await exitOf(child)).toBe(0);
  });

  it('that goes at the very end does not either', async () => {
    const { child } = await start();
    const code = exitOf(child);
    child.stdout?.destroy();
    expect(await code).toBe(0);
  });

  it('gets every line up to the last', async () => {
    const { child } = await start();
    let said = '';
    child.stdout?.on('data', (text: string) => (said += text));
    const closed = once(child, 'close');
    expect(await exitOf(child)).toBe(0);
    await closed;
    expect(said.trimEnd().split('\n').at(-1)).toContain('"stopped"');
  });
});
