import { accessChecks } from './access/from-config.ts';
import { etcdOptionsOf } from './config/etcd-options.ts';
import { problemsIn } from './config/problems.ts';
import { assertReadable } from './config/read-setting.ts';
import type { Config } from './config/schema.ts';

/**
 * What is wrong with settings that are right one by one: with those that go together, and with the files that they name.
 * Each problem is a sentence that names its settings. Everything is found that can be found without opening the store or
 * a port.
 */
export function checkSettings(config: Config): readonly string[] {
  const { store, definitions } = config;
  const checks: (() => unknown)[] = [...accessChecks(config)];
  if (store.type === 'etcd') checks.push(() => etcdOptionsOf(store.hosts, config));
  if (definitions !== undefined) checks.push(() => assertReadable('definitions', definitions));
  // Two that rest on the same setting say the same.
  return [...new Set(checks.flatMap(problemsIn))];
}
