import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';

const workspace = fileURLToPath(new URL('../../../../', import.meta.url));
const document = readFileSync(`${workspace}docs/api.md`, 'utf8');
const [, section = ''] = /<!-- commands.*?-->(.*?)<!-- end of commands -->/s.exec(document) ?? [];
const commands = [...section.matchAll(/```console\n(.*?)```/gs)].map(([, command = '']) => command);

/** How a shell runs the command as it is printed, but for the port. `--max-time` ends the watch with curl's code 28. */
async function run(command: string, address: string): Promise<string> {
  expect(command).toContain('http://127.0.0.1:47006/');
  const mended = command.replaceAll('127.0.0.1:47006', address);
  const failed = (error: { code?: unknown; stdout?: string }): { stdout: string } => {
    if (error.code === 28 && command.includes('--max-time')) return { stdout: error.stdout ?? '' };
    throw error as unknown as Error;
  };
  const { stdout } = await promisify(execFile)('bash', ['-c', mended]).catch(failed);
  return stdout;
}

describe('the curl commands of docs/api.md', () => {
  let server: StateManagerProcess;

  beforeAll(async () => {
    server = await startStateManager(['--store', 'memory:', '--definitions', `${workspace}examples/definitions`]);
    await server.waitForLog(({ msg, name, to }) => msg === 'transition' && name === 'helloworld' && to === 'Idle');
  });

  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  const byMethod = (method: string): string => commands.find((command) => command.includes(`/${method}`)) ?? '';

  it('get one resource', async () => {
    const answer = JSON.parse(await run(byMethod('GetResource'), server.address)) as unknown;
    expect(answer).toMatchObject({ resource: { kind: 'package', name: 'helloworld', state: 'Idle' } });
  });

  it('list a page', async () => {
    const answer = JSON.parse(await run(byMethod('ListResources'), server.address)) as unknown;
    expect(answer).toMatchObject({
      resources: [
        { kind: 'package', state: 'Idle' },
        { kind: 'package', state: 'Idle' },
      ],
      nextPageToken: expect.stringMatching(/.+/) as string,
    });
  });

  it('watch', async () => {
    const stream = Buffer.from(await run(byMethod('WatchResources'), server.address), 'utf8').toString();
    expect(stream.slice(stream.indexOf('{'))).toMatch(
      /^\{"revision":"\d+","snapshot":\{"resources":\[\{"kind":"scenario"/,
    );
    expect(stream).toContain('"complete":true');
  });

  it('are all there are', () => {
    expect(commands).toHaveLength(3);
  });
});
