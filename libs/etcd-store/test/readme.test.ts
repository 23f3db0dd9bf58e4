import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startEtcd } from '../src/testing/index.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));
/** Whatever the terminal that the tests run in wants, the example is to print plain text. */
const env = { ...process.env, FORCE_COLOR: '0' };

it("the README's example runs as it is printed, but for the port", async () => {
  const etcd = await startEtcd();
  try {
    const example = /```ts\n(.*?)```/s.exec(readFileSync(`${folder}/README.md`, 'utf8'))?.[1] ?? '';
    expect(example).toContain('127.0.0.1:2379');
    const source = example.replace('127.0.0.1:2379', etcd.endpoint);
    const args = ['--input-type=module-typescript', '--conditions=@statemanager/source', '-e', source];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env });
    expect(stdout).toBe('committed Running\n');
  } finally {
    await etcd.stop();
  }
});
