import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEtcd } from '@statemanager/etcd-store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspaceRoot } from '../../process.ts';
import { Consumer } from './consumer.ts';
import { examplesOf, standIn } from './examples.ts';
import { packagesImportedBy } from './imports.ts';
import { pack, packages, readManifest, type Tarball } from './packages.ts';
import { startController } from './peers.ts';
import { startService } from './service.ts';

/** What an example prints. One that is not listed here only has to end well. */
const PRINTS: Readonly<Record<string, string>> = {
  'action-client-1': 'accepted: repair of helloworld ordered\n',
  'client-1': 'it is idle\nhelloworld Idle\n',
  'etcd-store-1': 'committed Running\n',
  'grpc-call-1': 'health: SERVING\n',
  'proto-1': '14 helloworld\n',
  'sqlite-store-1': "[ '/model/nav/state = Running' ]\ntrue 1\n",
  'state-store-1': 'committed Idle\n',
};

const all = packages();
const examples = all.flatMap(examplesOf);
const consumer = new Consumer();
const releases = mkdtempSync(join(tmpdir(), 'statemanager-tarballs-'));
const tarballs = new Map<string, Tarball>();
const stops: (() => unknown)[] = [() => consumer.remove(), () => rmSync(releases, { recursive: true })];

beforeAll(async () => {
  const packed = await pack(
    all.map(({ manifest }) => manifest.name),
    releases,
  );
  for (const tarball of packed) tarballs.set(tarball.name, tarball);
  await consumer.install(packed);
});
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

describe.each(all.map(({ manifest }) => manifest.name))('%s', (name) => {
  const read = (path: string): string => readFileSync(join(consumer.installed(name), path), 'utf8');
  const paths = (): readonly string[] => tarballs.get(name)?.paths ?? [];

  test('has a manifest that stands alone', () => {
    const manifest = readManifest(consumer.installed(name));
    expect(manifest).toMatchObject({ license: 'Apache-2.0', type: 'module', engines: { node: '>=24' } });
    expect(manifest.description).toBeTruthy();
    expect(manifest).not.toHaveProperty('repository');
    expect(manifest).not.toHaveProperty('private');
    for (const [dependency, range] of Object.entries(manifest.dependencies ?? {})) {
      // Our own are released together, and only that combination was tested.
      const expected = dependency.startsWith('@statemanager/') ? manifest.version : /^\^?\d+\.\d+\.\d+$/;
      expect(range, dependency).toMatch(expected);
    }
  });

  test('holds what is needed and nothing else', () => {
    expect(read('LICENSE')).toBe(readFileSync(join(workspaceRoot, 'LICENSE'), 'utf8'));
    expect(paths()).toContain('README.md');
    const strange = paths().filter(
      (path) => !/^(dist|src)\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path),
    );
    expect(strange).toEqual([]);
    expect(paths().filter((path) => /\.test\.|\.tsbuildinfo$/.test(path))).toEqual([]);
  });

  test('has every file that its manifest names', () => {
    const { exports = {}, bin = {} } = readManifest(consumer.installed(name));
    expect(Object.keys({ ...exports, ...bin })).not.toEqual([]);
    for (const [entry, target] of Object.entries(exports)) {
      if (typeof target === 'string') continue;
      // The first condition that holds is taken, so that types have to stand before code.
      expect(Object.keys(target), entry).toEqual(['@statemanager/source', 'types', 'import']);
    }
    const named = [...Object.values(exports), bin].flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    for (const path of named) expect(paths()).toContain(path.replace('./', ''));
    for (const path of Object.values(bin)) expect(read(path)).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test('has every file that its source maps name', () => {
    for (const path of paths().filter((each) => each.endsWith('.map'))) {
      const { sources } = JSON.parse(read(path)) as { sources: string[] };
      for (const source of sources) {
        const file = join(consumer.installed(name), path, '..', source);
        expect(existsSync(file), `${source} of ${path}`).toBe(true);
      }
    }
  });

  test('depends on everything that it imports', () => {
    const { dependencies, peerDependencies } = readManifest(consumer.installed(name));
    const known = Object.keys({ ...dependencies, ...peerDependencies });
    const code = paths().filter((path) => /^dist\/.*\.(js|d\.ts)$/.test(path));
    const imported = new Set(code.flatMap((path) => packagesImportedBy(read(path))));
    expect([...imported].filter((each) => !known.includes(each))).toEqual([]);
  });
});

describe('in a project outside the workspace', () => {
  /** Every entry of every lib, as a consumer writes it. */
  const entries = all.flatMap(({ manifest: { name, exports = {} } }) =>
    Object.keys(exports)
      .filter((entry) => entry !== './package.json')
      .map((entry) => `${name}${entry.slice(1)}`),
  );

  let service: Awaited<ReturnType<typeof startService>>;
  let places: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const etcd = await startEtcd();
    stops.push(() => etcd.stop());
    const controller = await startController();
    stops.push(() => controller.stop());
    service = await startService(consumer.commandPath('state-manager'), consumer.folder);
    stops.push(() => service.stop());
    places = {
      '127.0.0.1:2379': etcd.endpoint,
      '127.0.0.1:47001': controller.address,
      '127.0.0.1:47006': service.address,
      '/var/lib/statemanager': join(consumer.folder, 'data'),
    };
  });

  test('everything compiles with plain tsc', async () => {
    for (const { name, source, declaresTests } of examples) {
      consumer.write(`src/${name}${declaresTests ? '.test' : ''}.ts`, standIn(source, places));
    }
    for (const [i, entry] of entries.entries()) {
      const check = `if (Object.keys(entry).length === 0) throw new Error('nothing is exported');`;
      consumer.write(`src/entry-${i}.ts`, `import * as entry from '${entry}';\n${check}\n`);
    }
    await consumer.command('tsc', []);
  });

  test.each(entries.map((entry, i) => [entry, i] as const))('%s can be imported', async (entry, i) => {
    // The contract suite is for Vitest, and is imported by the example below.
    if (entry !== '@statemanager/state-store/testing') expect(await consumer.node(`out/entry-${i}.js`)).toBe('');
  });

  test.each(examples.map(({ name }) => name))('the README’s example %s runs', async (name) => {
    if (examples.find((example) => example.name === name)?.declaresTests === true) {
      const output = await consumer.command('vitest', ['run', `out/${name}.test.js`]);
      expect(output).toMatch(/Tests +\d\d+ passed/);
    } else {
      const output = await consumer.node(`out/${name}.js`);
      if (PRINTS[name] !== undefined) expect(output).toBe(PRINTS[name]);
    }
  });

  test('every lib’s README has an example', () => {
    const libs = all.filter(({ folder }) => folder.startsWith('libs/'));
    expect(libs.filter((lib) => examplesOf(lib).length === 0)).toEqual([]);
  });

  test('the bundle of statectl carries the licences of what is in it', () => {
    const { devDependencies = {} } = readManifest(join(workspaceRoot, 'apps/statectl'));
    const folder = consumer.installed('@statemanager/statectl');
    const licenses = readFileSync(join(folder, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const [name, version] of Object.entries(devDependencies)) {
      const bundled = !name.startsWith('@statemanager/') && name !== 'rolldown';
      if (bundled) expect(licenses).toContain(`${name} ${version} (`);
    }
  });

  test('the commands run', async () => {
    const { version } = readManifest(consumer.installed('@statemanager/state-manager'));
    expect(await consumer.command('state-manager', ['--version'])).toBe(`${version}\n`);
    expect(await consumer.command('statectl', ['version', '--client'])).toContain(`statectl ${version} (`);
  });

  test('the installed service and command line understand each other', async () => {
    const output = await consumer.command('statectl', ['--server', service.address, 'version']);
    expect(output).toContain(`StateManager at ${service.address}: answers, statemanager.v1`);
    expect(await service.stop()).toBe(0);
  });
});
