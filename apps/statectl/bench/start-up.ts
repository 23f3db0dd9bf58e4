import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { packageOf, startFakeServer } from '../test/kit/fake-server.ts';
import { statectl } from '../test/kit/statectl.ts';

/* What it takes from the shell's fork to the prompt, beside a Node that does nothing, in turn. */

const ROUNDS_COUNT = 21;
const GOAL_MS = 150;

const packages = ['a', 'b', 'c'].map((name) => packageOf(name, 'Running'));
const server = await startFakeServer({ state: { listResources: () => ({ resources: packages, revision: 1n }) } });
const statectlMs: number[] = [];
const nothingMs: number[] = [];
for (let i = 0; i < ROUNDS_COUNT; i += 1) {
  nothingMs.push(await timed(async () => once(spawn(process.execPath, ['-e', '0']), 'exit')));
  statectlMs.push(await timed(async () => statectl(['get', 'packages', '--server', server.address])));
}
await server.close();
const [own, least] = [median(statectlMs), median(nothingMs)];
console.log(
  `statectl get packages: median of ${ROUNDS_COUNT} runs ${own.toFixed(0)} ms (goal: under ${GOAL_MS} ms, ` +
    `${own < GOAL_MS ? 'met' : 'missed'}); a Node that does nothing: ${least.toFixed(0)} ms; ratio ${(own / least).toFixed(1)}`,
);

async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
