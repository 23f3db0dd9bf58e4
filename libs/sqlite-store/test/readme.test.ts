import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
/** Whatever the terminal that the tests run in wants, the example is to print plain text. */
const env = { ...process.env, FORCE_COLOR: '0' };

it("the README's example runs as it is printed, but for the path", async () => {
  const data = mkdtempSync(join(tmpdir(), 'sqlite-readme-'));
  try {
    const example = /```ts\n(.*?)```/s.exec(readFileSync(`${folder}/README.md`, 'utf8'))?.[1] ?? '';
    expect(example).toContain('/var/lib/statemanager');
    const source = example.replace('/var/lib/statemanager', data);
    const args = ['--input-type=module-typescript', '--conditions=@statemanager/source', '-e', source];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env });
    expect(stdout).toBe("[ '/model/nav/state = Running' ]\ntrue 1\n");
  } finally {
    rmSync(data, { recursive: true });
  }
});
