import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@statemanager/state-store/testing';
import { expect, it } from 'vitest';
import { startEtcd } from '../src/testing/index.ts';

const isHealthy = (port: number) =>
  fetch(`http://127.0.0.1:${port}/health`).then(
    (response) => response.ok,
    () => false,
  );

it('starts, kills, restarts and removes an etcd', async () => {
  const etcd = await startEtcd();
  expect(await isHealthy(etcd.port)).toBe(true);
  await etcd.kill();
  await etcd.kill();
  expect(await isHealthy(etcd.port)).toBe(false);
  await etcd.restart();
  expect(await isHealthy(etcd.port)).toBe(true);
  await etcd.stop();
  await etcd.stop();
  expect(existsSync(etcd.dataDir)).toBe(false);
  expect(await isHealthy(etcd.port)).toBe(false);
});

it('says why an etcd does not start', async () => {
  await expect(startEtcd({ flags: ['--no-such-flag'] })).rejects.toThrow(/no-such-flag/);
});

it('leaves no etcd behind when the process that started it is killed', async () => {
  const script = join(import.meta.dirname, 'orphan-process.ts');
  const starter = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(starter.stdout, 'data')) as [Buffer];
  const { port, dataDir } = JSON.parse(line.toString()) as { port: number; dataDir: string };
  expect(await isHealthy(port)).toBe(true);
  starter.kill('SIGKILL');
  await eventually(async () => expect(await isHealthy(port)).toBe(false));
  await eventually(() => expect(existsSync(dataDir)).toBe(false));
});
