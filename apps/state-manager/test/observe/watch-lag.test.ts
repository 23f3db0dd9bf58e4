import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { scrape } from '../kit/metrics.ts';
import { connectPeer, container } from '../kit/peer.ts';
import { startStateManager } from '../kit/state-manager.ts';

const READER = fileURLToPath(new URL('../watch/watch-reader.ts', import.meta.url));
const MODELS_COUNT = 200;

it('how far a watch is behind grows while its reader stands still, and is nothing once it has caught up', async () => {
  const service = await startStateManager(['--store', 'memory:', '--compact-keep-ms', '500']);
  const peer = connectPeer(service.address);
  await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  const reader = spawn(process.execPath, [READER, service.address, 'http1'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    reader.kill('SIGKILL');
    peer.close();
    await service.kill();
  });
  await new Promise((resolve) => createInterface({ input: reader.stdout }).once('line', resolve));
  const lag = async (): Promise<readonly (number | undefined)[]> => {
    const found = await scrape(service.address);
    return ['statemanager_watches', 'statemanager_watch_lag_entries', 'statemanager_watch_lag_seconds'].map((name) =>
      found.value(name),
    );
  };
  const changeAll = (status: string): Promise<unknown> =>
    peer.report(
      'n',
      Array.from({ length: MODELS_COUNT }, (_, i) => container(`m-${i}`, `c-${i}`, status)),
    );
  await changeAll('running');
  await eventually(async () => expect(await lag()).toEqual([1, 0, 0]));
  reader.kill('SIGSTOP');
  // What the connection's buffers take counts as read, and how much that is depends on the machine.
  for (let i = 0; i < 1000 && ((await lag())[1] ?? 0) <= 10; i += 1)
    await changeAll(i % 2 === 0 ? 'paused' : 'running');
  const [watches, entries, seconds] = await lag();
  expect(watches).toBe(1);
  expect(entries).toBeGreaterThan(10);
  expect(seconds).toBeGreaterThan(0);
  expect((await scrape(service.address)).value('statemanager_journal_changes')).toBeGreaterThan(MODELS_COUNT);
  reader.kill('SIGCONT');
  await eventually(async () => expect(await lag()).toEqual([1, 0, 0]));
  reader.kill('SIGKILL');
  await eventually(async () => expect(await lag()).toEqual([0, 0, 0]));
});
