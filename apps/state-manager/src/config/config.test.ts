import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCommand, variableOf } from './config.ts';
import { helpText } from './help.ts';
import { SETTINGS, type Config, type Setting } from './schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, `${Math.random()}.yaml`);
  writeFileSync(path, text);
  return path;
}

function configOf(args: readonly string[], env: Record<string, string> = {}): Config {
  const command = readCommand(args, env);
  if (command.type !== 'run') throw new Error(JSON.stringify(command));
  return command.config;
}

function problemsOf(args: readonly string[], env: Record<string, string> = {}): readonly string[] {
  const command = readCommand(args, env);
  return command.type === 'bad' ? command.problems : [];
}

describe('the configuration', () => {
  it('has a default for everything but what is optional, and each can be read', () => {
    const config = configOf([]);
    expect(config['missing-grace-ms']).toBe(5000);
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 47_006 });
    expect(config['reconcile-current']).toBe('FAILED');
    const absent = Object.entries(config).filter(([, value]) => value === undefined);
    expect(absent.map(([name]) => name)).toEqual([
      ...['tls-cert', 'tls-key', 'tls-client-ca', 'peer-ca', 'policy', 'tokens'],
      ...['etcd-ca', 'etcd-cert', 'etcd-key', 'etcd-user', 'etcd-password-file', 'etcd-namespace'],
      ...['definitions', 'advertise', 'id'],
    ]);
  });

  it('takes a flag before the environment, and that before the file', () => {
    const config = file('missing-grace-ms: 1\noffload-grace-ms: 1\ndrain-ms: 1\n');
    const env = { STATEMANAGER_MISSING_GRACE_MS: '2', STATEMANAGER_OFFLOAD_GRACE_MS: '2' };
    expect(configOf(['--config', config, '--missing-grace-ms=3'], env)).toMatchObject({
      ...{ 'missing-grace-ms': 3, 'offload-grace-ms': 2, 'drain-ms': 1 },
    });
    expect(configOf([], { STATEMANAGER_CONFIG: config })['drain-ms']).toBe(1);
  });

  it('reads lists and numbers of YAML as one would write them in a flag', () => {
    const config = configOf(['--config', file('clean-exit-codes: [0, 143]\nlisten: "a:1"\n')]);
    expect([...config['clean-exit-codes']]).toEqual([0, 143]);
    expect(config.listen.host).toBe('a');
  });

  it('takes the last of a flag that is given twice', () => {
    expect(configOf(['--drain-ms', '1', '--drain-ms', '2'])['drain-ms']).toBe(2);
  });

  it('says every problem at once, with where it was given', () => {
    const config = file('drain-ms: soon\nnonsense: 1\n');
    const args = ['--config', config, '--store', 'redis:', '--missing-grace=1', 'extra', '--listen'];
    const problems = problemsOf(args, { STATEMANAGER_ANSWER_WITHIN_MS: '-1', STATEMANAGER_TYPO: '1' });
    for (const said of [
      /^--store must be sqlite:<path>.*, not "redis:"$/,
      /^--listen needs a value$/,
      /^--missing-grace is no option; did you mean --missing-grace-ms\?$/,
      /^"extra" is no option/,
      /^STATEMANAGER_ANSWER_WITHIN_MS must be an integer.*, not "-1"$/,
      /^STATEMANAGER_TYPO in the environment is no setting/,
      /^drain-ms in .*yaml must be an integer.*, not "soon"$/,
      /^nonsense in .*yaml is no setting/,
    ]) {
      expect(problems).toContainEqual(expect.stringMatching(said));
    }
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('knows no option --%s', (name) => {
    expect(problemsOf([`--${name}`])).toContainEqual(expect.stringContaining('is no option'));
    expect(problemsOf([`--${name}=x`])).toContainEqual(expect.stringContaining('is no option'));
  });

  it.each([
    ['a file that is not there', () => join(folder, 'nowhere.yaml')],
    ['a folder', () => folder],
    ['broken YAML', () => file('a: [')],
    ['a list', () => file('- listen')],
    ['a word', () => file('listen')],
  ])('says that it cannot read %s', (_, path) => {
    expect(problemsOf(['--config', path()])).toEqual([expect.stringMatching(/^config file .* cannot be read: /)]);
  });

  it('reads an empty file', () => {
    expect(configOf(['--config', file('# nothing\n')])['drain-ms']).toBe(10_000);
  });

  it('leaves the rest of the environment alone', () => {
    expect(readCommand([], { PATH: '/bin', STATEMANAGERX: '1' }).type).toBe('run');
  });

  it.each([
    [['--help'], 'help'],
    [['-h'], 'help'],
    [['--version'], 'version'],
    [['--help', '--store', 'nonsense'], 'help'],
  ] as const)('understands %j', (args, type) => {
    expect(readCommand(args, {}).type).toBe(type);
  });
});

describe('the help', () => {
  const help = helpText();

  it.each(Object.entries(SETTINGS as Record<string, Setting<unknown>>))('lists --%s', (name, setting) => {
    expect(help).toContain(`  --${name} ${setting.value}\n      ${setting.help}`);
    if (setting.default !== undefined) expect(help).toContain(`(default: ${setting.default})`);
    expect(variableOf(name)).toMatch(/^STATEMANAGER_[A-Z_]+$/);
  });

  it('lists --config, --help and --version', () => {
    for (const option of ['--config <file>', '-h, --help', '--version']) expect(help).toContain(`  ${option}\n`);
  });
});
