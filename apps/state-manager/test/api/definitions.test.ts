import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer, type Message } from '../kit/api-peer.ts';
import { randomFrom } from '../kit/engine.ts';
import { container } from '../kit/peer.ts';
import { differences, foretold, statesOf } from '../kit/states.ts';
import { packageYaml, scenarioYaml, startWorld, type World } from '../kit/world.ts';

const modelYaml = (name: string): string => `apiVersion: v1\nkind: Model\nmetadata:\n  name: ${name}\nspec: {}\n`;

let world: World;
let api: ApiPeer;

beforeAll(async () => {
  world = await startWorld(['--missing-grace-ms', '0', '--action-controller', 'http://127.0.0.1:1']);
  await world.service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  api = connectApi(world.service.address);
});

afterAll(async () => {
  api.close();
  await world.stop();
});

beforeEach(async () => {
  for (const { kind, name } of await definitions()) await remove(String(kind), String(name));
});

const definitions = async (): Promise<readonly Message[]> =>
  (await api.call('DefinitionService/ListDefinitions', { page_size: 1000 })).definitions as readonly Message[];
const remove = (kind: string, name: string): Promise<unknown> =>
  api.call('DefinitionService/DeleteDefinition', { kind, name });
const dryRun = (...documents: readonly string[]): Promise<Message> =>
  api.call('DefinitionService/ApplyDefinitions', { yaml: documents.join('---\n'), dry_run: true });

describe('ApplyDefinitions', () => {
  it('puts several documents at one revision, where ApiServer does, and what follows is in effect', async () => {
    const documents = [packageYaml('p', ['a', 'b']), scenarioYaml('s', 'p'), modelYaml('a')];
    const { definitions: applied, changes } = await api.apply(...documents);
    expect(applied).toMatchObject([
      { kind: 'Package', name: 'p', action: 'created' },
      { kind: 'Scenario', name: 's', action: 'created' },
      { kind: 'Model', name: 'a', action: 'created' },
    ]);
    const revisions = (applied as Message[]).map(({ revision }) => revision);
    expect(new Set(revisions).size).toBe(1);
    expect(Number(revisions[0])).toBeGreaterThan(0);
    expect(changes).toEqual([]);
    for (const [i, key] of ['Package/p', 'Scenario/s', 'Model/a'].entries()) {
      expect(await world.etcd.get(key)).toBe(documents[i]);
    }
    expect(await world.state('package', 'p')).toBe('Idle');
    expect(await api.get('scenario', 's')).toMatchObject({ scenario: { target: 'p' } });
  });

  it('takes none if one is bad, and names the line of each problem', async () => {
    await api.apply(packageYaml('known', ['a']));
    const before = await world.etcd.dump();
    const bad = [
      packageYaml('good', ['a']), // lines 1-11, and a marker
      packageYaml('known', ['a', 'b']).replace('name: "b"', 'name: "/b"'), // 13-25
      scenarioYaml('s', 'good').replace('metadata', 'metadatum'), // 27
      'kind: Package\nmetadata: {name: [}\n', // its second line
    ];
    const lines = bad.join('---\n').split('\n');
    const failed = await api.failure('DefinitionService/ApplyDefinitions', { yaml: bad.join('---\n') });
    expect(failed).toMatchObject({ code: 'INVALID_ARGUMENT', problems: [{ field: 'yaml' }] });
    const named = [...(failed.problems[0]?.problem ?? '').matchAll(/line (\d+): /g)].map(([, line]) => Number(line));
    expect(named.map((line) => lines[line - 1])).toEqual(['    - name: "/b"', 'apiVersion: v1', 'metadata: {name: [}']);
    expect(await world.etcd.dump()).toEqual(before);
  });

  it('takes no key twice', async () => {
    const { problems } = await api.failure('DefinitionService/ApplyDefinitions', {
      yaml: [packageYaml('p', []), packageYaml('p', ['a'])].join('---\n'),
    });
    expect(problems[0]?.problem).toMatch(/^line \d+: Package\/p is there twice$/);
    expect(await definitions()).toEqual([]);
  });

  it('writes nothing that is unchanged, and shows what differs line by line', async () => {
    const [first, second] = [packageYaml('p', ['a']), packageYaml('q', ['b'])];
    await api.apply(first, second);
    const before = await world.etcd.dump();
    const again = await api.apply(first, second);
    expect(again.definitions).toMatchObject([
      { action: 'unchanged', diff: '' },
      { action: 'unchanged', diff: '' },
    ]);
    expect(await world.etcd.dump()).toEqual(before);
    const { definitions: applied } = await api.apply(first, packageYaml('q', ['c']));
    expect(applied).toMatchObject([{ action: 'unchanged' }, { action: 'changed' }]);
    const [{ revision: kept }, { revision: moved, diff }] = applied as [Message, Message];
    expect(kept).toBe((again.definitions as Message[])[0]?.revision);
    expect(Number(moved)).toBeGreaterThan(Number(kept));
    const differing = String(diff)
      .split('\n')
      .filter((line) => /^[+-]/.test(line));
    expect(differing).toEqual(['-    - name: "b"', '+    - name: "c"']);
  });

  it('answers for a change that decides nothing, too', async () => {
    await api.apply(packageYaml('p', ['a']));
    const { definitions: applied } = await api.apply(`# a comment\n${packageYaml('p', ['a'])}`);
    expect(applied).toMatchObject([{ action: 'changed', diff: expect.stringContaining('+# a comment') as string }]);
    const [{ revision }] = applied as [Message];
    expect(await api.get('package', 'p')).toMatchObject({ package: { definition_revision: revision } });
  });

  it('does not take long to compare documents that have nothing in common', async () => {
    const long = (text: string): string =>
      `${modelYaml('m')}${Array.from({ length: 20_000 }, (_, i) => `# ${text} ${i}\n`).join('')}`;
    await api.apply(long('before'));
    const began = performance.now();
    const { definitions: applied } = await dryRun(long('after'));
    expect(performance.now() - began).toBeLessThan(5000);
    expect(String((applied as Message[])[0]?.diff).split('\n').length).toBeGreaterThan(40_000);
  });

  it('a dry run writes nothing, and foretells what then happens', async () => {
    const seed = Number(process.env.STATEMANAGER_SEED ?? Math.trunc(Math.random() * 2 ** 31));
    console.log(`dry run: STATEMANAGER_SEED=${seed}`);
    const random = randomFrom(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const models = ['a', 'b', 'c', 'd', 'e'];
    for (const node of ['n1', 'n2']) {
      const reported = models.slice(0, 4).map((model) => {
        const dead = random() < 0.5;
        return container(model, `/${model}`, dead ? 'exited' : 'running', { exitCode: dead ? 1 : 0 });
      });
      await world.peer.report(node, reported);
    }
    for (let round = 0; round < 30; round += 1) {
      const documents = ['p', 'q', 's']
        .filter(() => random() < 0.6)
        .map((name) =>
          name === 's'
            ? scenarioYaml('s', pick(['p', 'q']))
            : packageYaml(
                name,
                models.filter(() => random() < 0.5),
              ),
        );
      if (documents.length === 0) continue;
      const [before, dump] = [await statesOf(api), await world.etcd.dump()];
      const { changes, definitions: planned } = await dryRun(...documents);
      expect(await world.etcd.dump()).toEqual(dump);
      expect((planned as Message[]).map(({ revision, action }) => action === 'unchanged' || revision === '0')).toEqual(
        documents.map(() => true),
      );
      const { definitions: done } = await api.apply(...documents);
      const actions = (applied: unknown): unknown =>
        (applied as Message[]).map(({ action, diff }) => ({ action, diff }));
      expect(actions(done)).toEqual(actions(planned));
      expect(foretold(changes)).toEqual(differences(before, await statesOf(api)));
    }
    for (const node of ['n1', 'n2']) await world.peer.report(node, []);
  });

  it('a dry run of a bad document is refused like the real one', async () => {
    expect(
      await api.failure('DefinitionService/ApplyDefinitions', {
        yaml: 'kind: Pod\nmetadata: {name: p}',
        dry_run: true,
      }),
    ).toMatchObject({ code: 'INVALID_ARGUMENT', problems: [{ field: 'yaml' }] });
  });

  it('that races with another writer ends with the newest document in effect', async () => {
    for (let round = 0; round < 25; round += 1) {
      const theirs = packageYaml('raced', [`theirs-${round}`]);
      const ours = api.apply(packageYaml('raced', [`ours-${round}`]));
      const others = Array.from({ length: 3 }, () => world.etcd.put('Package/raced', theirs));
      await Promise.all([ours, ...others]);
      const stored = (await world.etcd.get('Package/raced')) ?? '';
      // The other writer’s put is no write of ours: it is in effect when it was followed.
      await expect
        .poll(async () => (await api.get('package', 'raced')).package)
        .toMatchObject({ models: [{ name: stored === theirs ? `theirs-${round}` : `ours-${round}` }] });
    }
  });

  it('says that a document too large for the store is too large, and not to try again', async () => {
    const failed = await api.failure('DefinitionService/ApplyDefinitions', {
      yaml: `${modelYaml('big')}# ${'ü'.repeat(1_000_000)}\n`,
    });
    expect(failed.code).toBe('RESOURCE_EXHAUSTED');
    expect(await definitions()).toEqual([]);
  });
});

describe('DeleteDefinition', () => {
  it('removes the state and the intent, and models that nothing else holds', async () => {
    await api.apply(packageYaml('p', ['own', 'shared']), packageYaml('q', ['shared']), scenarioYaml('s', 'p'));
    await world.peer.report('n', [
      container('own', '/o', 'exited', { exitCode: 1 }),
      container('shared', '/s', 'exited', { exitCode: 1 }),
    ]);
    await world.peer.change({ resource_name: 's', target_state: 'waiting' });
    expect((await api.call('ReconcileService/ListIntents')).intents).toMatchObject([
      { package: 'p' },
      { package: 'q' },
    ]);
    await world.peer.report('n', []);
    expect(await world.state('model', 'own')).toBe('Dead');
    await remove('package', 'p');
    expect(await world.etcd.get('Package/p')).toBeUndefined();
    expect(await world.state('package', 'p')).toBeUndefined();
    expect(await world.state('model', 'own')).toBeUndefined();
    expect(await world.state('model', 'shared')).toBe('Dead');
    expect((await api.call('ReconcileService/ListIntents')).intents).toMatchObject([{ package: 'q' }]);
    await remove('Scenario', 's');
    expect(await world.state('scenario', 's')).toBeUndefined();
  });

  it('is NOT_FOUND where there is none', async () => {
    for (const kind of ['Package', 'Scenario', 'Model']) {
      expect(await api.failure('DefinitionService/DeleteDefinition', { kind, name: 'nobody' })).toMatchObject({
        code: 'NOT_FOUND',
        details: `${kind} nobody is not known`,
      });
    }
  });
});

describe('GetDefinition', () => {
  it('gives the document as it is, and what is wrong with it', async () => {
    await api.apply(modelYaml('m'));
    await world.etcd.put('Package/bad', 'kind: Package\nmetadata:\n  name: worse\nspec: {}\n');
    expect(await api.call('DefinitionService/GetDefinition', { kind: 'model', name: 'm' })).toMatchObject({
      definition: {
        kind: 'Model',
        name: 'm',
        yaml: modelYaml('m'),
        problem: '',
        revision: expect.stringMatching(/^\d+$/) as string,
      },
    });
    expect(await api.call('DefinitionService/GetDefinition', { kind: 'Package', name: 'bad' })).toMatchObject({
      definition: { problem: expect.stringContaining('metadata.name must be "bad"') as string },
    });
    expect(await api.failure('DefinitionService/GetDefinition', { kind: 'Model', name: 'x' })).toMatchObject({
      code: 'NOT_FOUND',
    });
    await world.etcd.delete('Package/bad');
  });
});

describe('ListDefinitions', () => {
  const page = (request: Message): Promise<Message> => api.call('DefinitionService/ListDefinitions', request);

  async function all(request: Message): Promise<{ keys: readonly string[]; pages: number }> {
    const keys: string[] = [];
    let page_token = '';
    for (let pages = 1; ; pages += 1) {
      const answer = await page({ ...request, page_token });
      keys.push(...(answer.definitions as Message[]).map(({ kind, name }) => `${String(kind)}/${String(name)}`));
      page_token = answer.next_page_token as string;
      if (page_token === '') return { keys, pages };
    }
  }

  it('gives everything once, by kind and name', async () => {
    const names = ['a', 'a.b', 'a-b', 'b', 'B', 'x1'];
    await api.apply(
      ...names.map((name) => packageYaml(name, [])),
      ...names.slice(0, 2).map((name) => scenarioYaml(name, 'a')),
      ...names.slice(0, 3).map(modelYaml),
    );
    const expected = ['Package/B', 'Package/a', 'Package/a-b', 'Package/a.b', 'Package/b', 'Package/x1'];
    const others = ['Scenario/a', 'Scenario/a.b', 'Model/a', 'Model/a-b', 'Model/a.b'];
    const { keys } = await all({ page_size: 1000 });
    expect([...keys].sort()).toEqual([...expected, ...others].sort());
    for (const page_size of [1, 2, 3, 11]) {
      const paged = await all({ page_size });
      expect(paged.keys).toEqual(keys);
      expect(paged.pages).toBe(Math.ceil(keys.length / page_size));
    }
    expect((await all({ kind: 'package', page_size: 4 })).keys).toEqual(expected);
  });

  it('ends a page at about 2 MiB: clients of gRPC take 4 MiB unless they are told otherwise', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await api.apply(`${modelYaml(name)}# ${'x'.repeat(900_000)}\n`);
    const { keys, pages } = await all({});
    expect(keys).toEqual(names.map((name) => `Model/${name}`));
    expect(pages).toBe(2);
  });

  it('goes on where it was although documents came and went', async () => {
    await api.apply(...['a', 'c', 'd', 'e'].map(modelYaml));
    const first = await page({ page_size: 2 });
    await remove('Model', 'c');
    await api.apply(modelYaml('b'), modelYaml('dd'));
    const rest = await page({ page_size: 9, page_token: first.next_page_token });
    expect((rest.definitions as Message[]).map(({ name }) => name)).toEqual(['d', 'dd', 'e']);
  });

  it.each(['!', 'x', Buffer.from('Pod/a').toString('base64url'), Buffer.from('Scenario/a').toString('base64url')])(
    'takes no token that it did not give: %s',
    async (page_token) => {
      expect(await api.failure('DefinitionService/ListDefinitions', { kind: 'Package', page_token })).toMatchObject({
        code: 'INVALID_ARGUMENT',
        problems: [{ field: 'page_token' }],
      });
    },
  );
});
