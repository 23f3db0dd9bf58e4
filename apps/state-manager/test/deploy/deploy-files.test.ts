import { describe, expect, it, test } from 'vitest';
import { readCommand } from '../../src/config/config.ts';
import { deployFiles, kubernetesObjects, readCompose, readYaml, starts } from './deploy-files.ts';

describe('what deploy/ gives the service, the service understands', () => {
  test.each(starts().map((start) => [start.where, start] as const))('%s', (_, { args, env }) => {
    const command = readCommand(args, env);
    expect(command.type === 'bad' ? command.problems : []).toEqual([]);
    expect(command.type).toBe('run');
    expect(args.length + Object.keys(env).length).toBeGreaterThan(0);
  });
});

test.each(deployFiles('**/*.yaml'))('%s is YAML', (path) => {
  expect(readYaml(path)).not.toEqual([]);
});

describe('compose.yaml', () => {
  const services = readCompose();

  it('has three members of etcd, three replicas and the stand-ins', () => {
    expect(Object.keys(services).map((name) => name.replace(/-\d$/, ''))).toEqual([
      ...Array<string>(3).fill('etcd'),
      ...Array<string>(3).fill('state-manager'),
      'stub-action-controller',
      'stub-node-agent',
    ]);
  });

  it('has words where words belong: a colon in a command makes a mapping of it', () => {
    for (const { command, healthcheck } of Object.values(services)) {
      const words: readonly unknown[] = [...command, ...(healthcheck?.test ?? [])];
      expect(words.filter((word) => typeof word !== 'string')).toEqual([]);
    }
  });

  it('names no host that it does not start', () => {
    const hosts = Object.values(services).flatMap(({ command }) =>
      [...command.join('\n').matchAll(/([a-z][a-z-]*-\d|stub-[a-z-]+):\d+/g)].map(([, host]) => host),
    );
    expect(new Set(hosts)).toEqual(new Set(Object.keys(services)));
  });

  it('gives every replica its own name and address', () => {
    for (const [name, { command }] of Object.entries(services)) {
      if (!name.startsWith('state-manager')) continue;
      expect(command).toContain(`--id=${name}`);
      expect(command).toContain(`--advertise=${name}:47006`);
    }
  });

  it('has the NodeAgents report to whichever replica runs', () => {
    const [, name = ''] =
      /--state-manager=http:\/\/(.*):/.exec(services['stub-node-agent']?.command.join('\n') ?? '') ?? [];
    const called = Object.entries(services).filter(([, { networks }]) => networks?.default.aliases.includes(name));
    expect(called.map(([replica]) => replica)).toEqual(['state-manager-1', 'state-manager-2', 'state-manager-3']);
  });
});

describe('kubernetes', () => {
  const objects = kubernetesObjects();
  const set = objects.find(({ kind }) => kind === 'StatefulSet');
  const labels = set?.spec?.template?.metadata.labels;

  it('selects the pods that the StatefulSet makes', () => {
    const selectors = objects.map(({ kind, spec }) =>
      kind === 'Service' ? { matchLabels: spec?.selector } : (spec?.selector ?? spec?.podSelector),
    );
    const given = selectors.filter((selector) => selector !== undefined);
    expect(given).toHaveLength(5);
    for (const selector of given) expect(selector).toEqual({ matchLabels: labels });
  });

  it('advertises names of the headless service', () => {
    const service = set?.spec?.serviceName ?? '';
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toContain(`Service ${service}`);
    const args = set?.spec?.template?.spec.containers[0]?.args;
    expect(args).toContain(`--advertise=$(POD_NAME).${service}.$(POD_NAMESPACE).svc:47006`);
  });
});
