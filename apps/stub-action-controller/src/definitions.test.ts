import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadDefinitions, packageOf } from './definitions.ts';

const EXAMPLES = `${import.meta.dirname}/../../../examples`;

test('the example has 4 packages of 10 models, one of them shared, and each model has a definition', async () => {
  const { definitions, problems } = await loadDefinitions(`${EXAMPLES}/definitions`);
  expect(problems).toEqual([]);
  const named = [...definitions.packages.values()].flat().map(({ name }) => name);
  expect(definitions.packages.size).toBe(4);
  expect([...new Set(named)].sort()).toEqual([...definitions.models.keys()].sort());
  expect([named.length, definitions.models.size]).toEqual([11, 10]);
  expect(packageOf(definitions, 'helloworld')).toBe('helloworld');
  expect(packageOf(definitions, 'motorway-drive')).toBe('lane-assist');
  expect(packageOf(definitions, 'cabin-comfort')).toBe('cabin-comfort');
  expect(packageOf(definitions, 'nix')).toBeUndefined();
});

test("the example's fleet runs each model where its packages say, with the containers of its definition", async () => {
  const { definitions } = await loadDefinitions(`${EXAMPLES}/definitions`);
  const { nodes } = parse(await readFile(`${EXAMPLES}/fleet.yaml`, 'utf8')) as {
    nodes: { name: string; models: { name: string; containers: object[] }[] }[];
  };
  const running = nodes.flatMap(({ name, models }) => models.map((model) => `${name}/${model.name}`));
  const wanted = [...definitions.packages.values()].flat().map(({ name, node }) => `${node}/${name}`);
  expect(running.sort()).toEqual(wanted.sort());
  for (const model of nodes.flatMap(({ models }) => models)) {
    expect(model.containers).toEqual(definitions.models.get(model.name));
  }
});

test('every problem is said with its file and document', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'definitions-'));
  try {
    await writeFile(
      join(folder, 'a.yaml'),
      [
        'kind: Scenario\nmetadata: { name: s }',
        'kind: Volume\nmetadata: { name: v }',
        'kind: Package\nmetadata: { name: p }\nspec: { models: [{ name: m }] }',
        'kind: Model\nmetadata: { name: m }\nspec: { containers: [{ name: c, image: i }] }',
        'kind: Model\nmetadata: { name: m }\nspec: { containers: [{ name: c, image: i }] }',
        'kind: Model\nmetadata: {}',
        '# nothing',
        'kind: [',
      ].join('\n---\n'),
    );
    await writeFile(join(folder, 'readme.txt'), 'not a definition');
    const { problems } = await loadDefinitions(folder);
    expect(problems.map((problem) => problem.replace(folder, ''))).toEqual([
      "/a.yaml, document 1: Scenario 's': spec.target is missing",
      "/a.yaml, document 2: kind must be Scenario, Package or Model, not 'Volume'",
      "/a.yaml, document 3: Package 'p': each of spec.models needs a name and a node",
      "/a.yaml, document 5: Model 'm' is there twice",
      '/a.yaml, document 6: metadata.name is missing',
      expect.stringMatching(/^\/a.yaml, document 8: /),
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
