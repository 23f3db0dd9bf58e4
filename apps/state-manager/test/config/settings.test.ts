import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPeer } from '../kit/peer.ts';
import { runToEnd, startStateManager } from '../kit/state-manager.ts';
import { SETTINGS } from '../../src/config/schema.ts';

/** Settings and defaults that other documents promise. */
const PROMISED: Readonly<Record<string, string | undefined>> = {
  listen: '127.0.0.1:47006',
  store: 'sqlite:',
  'action-controller': 'http://127.0.0.1:47001',
  definitions: undefined,
  'state-names': 'bare',
  'clean-exit-codes': '0',
  'missing-grace-ms': '5000',
  'missing-as': 'dead',
  'offload-grace-ms': '120000',
  'reconcile-on': 'error',
  'reconcile-current': 'failed',
  'reconcile-reset-ms': '300000',
  'answer-within-ms': '10000',
  'compact-keep-ms': '300000',
  'removed-kept-count': '1000',
  'max-resources-count': '1000000',
  'max-message-bytes': undefined,
  'max-containers-count': undefined,
};

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'settings-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('--help', () => {
  it('lists every setting with its default, and exits with 0', async () => {
    const { code, stdout, stderr } = await runToEnd(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const entryOf = (name: string): string => new RegExp(`^ +--${name} .*\\n.*$`, 'm').exec(stdout)?.[0] ?? '';
    for (const [name, setting] of Object.entries(SETTINGS)) {
      expect(entryOf(name), name).not.toBe('');
      if (setting.default !== undefined) expect(entryOf(name)).toContain(`(default: ${setting.default})`);
    }
    for (const [name, value] of Object.entries(PROMISED)) {
      expect(entryOf(name), name).toContain(value === undefined ? `--${name}` : `(default: ${value}`);
    }
  });

  it('is not held up by a bad setting', async () => {
    expect((await runToEnd(['--missing-grace-ms', 'soon', '--help'])).code).toBe(0);
  });

  it('has --version beside it', async () => {
    const { code, stdout } = await runToEnd(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('bad settings', () => {
  it('are reported all at once, each with where it was given, and exit 2', async () => {
    const config = file('bad.yaml', 'missing-as: gone\nmax-queue-count: 0\nno-such-thing: 1\n');
    const flags = [
      ...['--missing-grace-ms', 'soon', '--state-names=long', '--store', 'redis:somewhere', '--listen', 'nowhere'],
      ...['--missing-grace', '5', '--clean-exit-codes', '0,300', '--config', config, 'stray', '--id'],
    ];
    const env = { STATEMANAGER_ANSWER_WITHIN_MS: '-1', STATEMANAGER_ANSWER_WITHIN: '1' };
    const { code, stdout, stderr } = await runToEnd(flags, env);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const lines = stderr.trim().split('\n');
    const expected = [
      /--missing-grace-ms must be an integer.*"soon"/,
      /--state-names must be one of bare, enum.*"long"/,
      /--store must be sqlite:.*"redis:somewhere"/,
      /--listen must be <host:port>.*"nowhere"/,
      /--missing-grace is no option; did you mean --missing-grace-ms\?/,
      /--clean-exit-codes must be exit codes.*"0,300"/,
      /"stray" is no option/,
      /--id needs a value/,
      /STATEMANAGER_ANSWER_WITHIN_MS must be an integer.*"-1"/,
      /STATEMANAGER_ANSWER_WITHIN in the environment is no setting/,
      /missing-as in .*bad\.yaml must be one of dead, exited.*"gone"/,
      /max-queue-count in .*bad\.yaml must be an integer/,
      /no-such-thing in .*bad\.yaml is no setting/,
    ];
    for (const problem of expected)
      expect(
        lines.filter((line) => problem.test(line)),
        String(problem),
      ).toHaveLength(1);
    expect(lines.every((line) => line.startsWith('state-manager: '))).toBe(true);
  });

  it.each([
    ['that is not there', '/nowhere/at/all.yaml'],
    ['that is no YAML', () => file('broken.yaml', 'listen: [')],
    ['that is a list', () => file('list.yaml', '- listen\n')],
  ])('include a file %s', async (_, path) => {
    const config = typeof path === 'string' ? path : path();
    const { code, stderr } = await runToEnd(['--config', config, '--missing-as', 'gone']);
    expect(code).toBe(2);
    expect(stderr).toContain(config);
    expect(stderr).toContain('--missing-as');
  });
});

describe('a setting', () => {
  const limitOf = async (flags: readonly string[], env: Readonly<Record<string, string>>): Promise<string> => {
    const service = await startStateManager(['--store', 'memory:', ...flags], env);
    const peer = connectPeer(service.address);
    const containers = Array.from({ length: 10 }, () => ({}));
    const refused = await peer.report('n', containers).catch((error: Error) => error);
    peer.close();
    await service.kill();
    return /may have (\d+)/.exec((refused as Error).message)?.[1] ?? 'none';
  };

  it('by flag wins over the environment, and that over the file', async () => {
    const config = file('good.yaml', 'max-containers-count: 5\n');
    const env = { STATEMANAGER_MAX_CONTAINERS_COUNT: '6' };
    const flag = ['--max-containers-count', '7'];
    expect(await limitOf([], {})).toBe('none');
    expect(await limitOf(['--config', config], {})).toBe('5');
    expect(await limitOf([], { STATEMANAGER_CONFIG: config })).toBe('5');
    expect(await limitOf(['--config', config], env)).toBe('6');
    expect(await limitOf(['--config', config, ...flag], env)).toBe('7');
  });
});

describe('what cannot be had', () => {
  it('is a file that another process has: one sentence, and exit 1', async () => {
    const store = `sqlite:${join(folder, 'shared.db')}`;
    const first = await startStateManager(['--store', store]);
    const { code, stdout, stderr } = await runToEnd(['--store', store, '--listen', '127.0.0.1:0']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^state-manager: .*shared\.db.*\n$/);
    const peer = connectPeer(first.address);
    expect((await peer.report('n', [])).resp).toContain('node n');
    peer.close();
    expect(await first.stop()).toBe(0);
    const second = await startStateManager(['--store', store]);
    expect(await second.stop()).toBe(0);
  });

  it('is a port that is taken: exit 1 that names it', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const busy = await runToEnd(['--store', 'memory:', '--listen', `127.0.0.1:${port}`]);
    taken.close();
    expect(busy.code).toBe(1);
    expect(busy.stderr).toContain(String(port));
  });

  it('are definitions that are not there: exit 2 that names setting and path', async () => {
    const flags = ['--store', 'memory:', '--listen', '127.0.0.1:0', '--definitions', '/nowhere/at/all'];
    const missing = await runToEnd(flags);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(/^state-manager: --definitions cannot be read: .*\/nowhere\/at\/all/);
  });
});
