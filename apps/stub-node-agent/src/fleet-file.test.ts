import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseFleet } from './fleet-file.ts';

test('the example is a fleet of 3 nodes and 10 models, one of them on two nodes', () => {
  const { nodes, problems } = parseFleet(readFileSync(`${import.meta.dirname}/../../../examples/fleet.yaml`, 'utf8'));
  expect(problems).toEqual([]);
  expect(nodes).toHaveLength(3);
  const names = nodes.flatMap(({ models }) => models.map(({ name }) => name));
  expect(names).toHaveLength(11);
  expect(new Set(names).size).toBe(10);
  expect(nodes.some(({ models }) => models.some(({ containers }) => containers.length === 2))).toBe(true);
});

test('a model without containers has one that is called like it', () => {
  const { nodes } = parseFleet('nodes: [{ name: n, models: [{ name: radio }] }]');
  expect(nodes[0]?.models[0]?.containers).toEqual([{ name: 'radio', image: 'localhost/radio:1.0' }]);
});

test('every problem is said, with its place', () => {
  const { nodes, problems } = parseFleet(`
nodes:
  - models: none
  - name: n
    models:
      - name: a/b
      - { name: m, containers: [{ image: 3 }, { name: x }, { name: x }] }
      - { name: m, containers: [] }
  - name: n
`);
  expect(nodes).toEqual([]);
  expect(problems.map((problem) => problem.replace(/ \(.*/, ''))).toEqual([
    'nodes[0].name: must be a name',
    'nodes[0].models: must be a list',
    'nodes[1].models[0].name: must be a name',
    'nodes[1].models[1].containers[0].name: must be a name',
    'nodes[1].models[1].containers[0].image: must be a text',
    'nodes[1].models[2].containers: there must be at least one',
    "nodes[1].models: 'm' is there twice",
    "nodes[1]: containers: 'x' is there twice",
    "nodes: 'n' is there twice",
  ]);
});

test.each(['', 'nodes: []', 'nodes: {}', 'nodes: [', '[]'])('%j is no fleet', (text) => {
  expect(parseFleet(text).problems).toHaveLength(1);
});
