import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { transferHelp } from './help.ts';
import { isTransferVerb, readTransferCommand, type TransferSettings, type TransferVerb } from './options.ts';

const folder = mkdtempSync(join(tmpdir(), 'transfer-options-'));
afterAll(() => rmSync(folder, { recursive: true }));

function settingsOf(verb: TransferVerb, args: readonly string[], env: Record<string, string> = {}): TransferSettings {
  const command = readTransferCommand(verb, args, env);
  if (command.type !== 'run') throw new Error(JSON.stringify(command));
  return command.settings;
}

function problemsOf(verb: TransferVerb, args: readonly string[], env: Record<string, string> = {}): readonly string[] {
  const command = readTransferCommand(verb, args, env);
  return command.type === 'bad' ? command.problems : [];
}

describe('the options of export and import', () => {
  it('have the service’s store, and standard output, by default', () => {
    const store = { type: 'sqlite', path: '.statemanager/state.db' };
    expect(settingsOf('export', [])).toMatchObject({ store, file: '-', replace: false });
    expect(settingsOf('import', ['--file', 'f'])).toMatchObject({ store, file: 'f', replace: false });
  });

  it('find the store where the service finds it', () => {
    const config = join(folder, 'config.yaml');
    writeFileSync(config, 'store: etcd:a:1\ndrain-ms: 1\n');
    const hostOf = (args: readonly string[], env = {}): unknown => settingsOf('export', args, env).store;
    expect(hostOf(['--config', config])).toEqual({ type: 'etcd', hosts: ['a:1'] });
    const env = { STATEMANAGER_STORE: 'etcd:b:1', STATEMANAGER_DRAIN_MS: '5', STATEMANAGER_CONFIG: config };
    expect(hostOf([], env)).toEqual({ type: 'etcd', hosts: ['b:1'] });
    expect(hostOf(['--store=etcd:c:1'], env)).toEqual({ type: 'etcd', hosts: ['c:1'] });
  });

  it('can be given together', () => {
    const args = ['--file=-', '--replace', '--lease-ttl-seconds', '2', '--store', 'etcd:a:1'];
    expect(settingsOf('import', args)).toMatchObject({
      ...{ file: '-', replace: true, config: { 'lease-ttl-seconds': 2 } },
    });
  });

  it('say how to reach etcd as the service’s do', () => {
    const args = ['--etcd-ca', 'ca.pem', '--etcd-namespace', 'fleet-1/'];
    for (const verb of ['export', 'import'] as const) {
      const { config } = settingsOf(verb, [...args, '--file', 'f']);
      expect(config).toMatchObject({ 'etcd-ca': 'ca.pem', 'etcd-namespace': 'fleet-1/' });
      for (const name of ['ca', 'cert', 'key', 'user', 'password-file', 'namespace']) {
        expect(transferHelp(verb)).toContain(`--etcd-${name} `);
      }
    }
  });

  it.each<[TransferVerb, readonly string[], RegExp]>([
    ['import', [], /^--file is needed/],
    ['import', ['--file'], /^--file needs a value$/],
    ['import', ['--file='], /^--file must be a path, not ""$/],
    ['import', ['--file', 'f', '--replace=no'], /^--replace takes no value$/],
    ['export', ['--replace'], /^--replace is no option of export; see state-manager export --help$/],
    ['export', ['--listen', '127.0.0.1:1'], /^--listen is no option of export/],
    ['export', ['fleet.jsonl'], /^"fleet.jsonl" is no option; see state-manager export --help$/],
    ['export', ['--store', 'redis:'], /^--store must be sqlite:/],
    ['export', ['--store'], /^--store needs a value$/],
    ['export', ['--store', 'memory:'], /^--store must be one that outlives its process/],
    ['export', ['--store', 'sqlite:a/../f', '--file', './f'], /^--file must not be the file of the store itself$/],
    ['import', ['--file', 'f', '--lease-ttl-seconds', '0'], /^--lease-ttl-seconds must be an integer/],
  ])('%s %j is refused', (verb, args, said) => {
    expect(problemsOf(verb, args)).toContainEqual(expect.stringMatching(said));
  });

  it('say every problem at once, the environment’s too', () => {
    const problems = problemsOf('import', ['--store', 'x', '--nonsense', 'word'], { STATEMANAGER_TYPO: '1' });
    expect(problems).toHaveLength(5);
  });

  it('do not hold up the help', () => {
    expect(readTransferCommand('import', ['--nonsense', '-h'], {}).type).toBe('help');
    for (const verb of ['export', 'import'] as const) {
      expect(transferHelp(verb)).toContain(`Usage: state-manager ${verb} `);
      expect(transferHelp(verb)).toContain('--store <store>');
      expect(
        transferHelp(verb)
          .split('\n')
          .every((line) => line.length <= 120),
      ).toBe(true);
    }
  });

  it('follow these words only', () => {
    expect(['export', 'import', 'exports', '--store', undefined].map(isTransferVerb)).toEqual([
      ...[true, true, false, false, false],
    ]);
  });
});
