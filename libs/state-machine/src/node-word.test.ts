import { describe, expect, test } from 'vitest';
import { accept, container, definePackage, newWorld, report, type Happening, type World } from '../test/world.ts';
import { containersOf } from './node-word.ts';

/** What node n1 says, as `<name> <rule> <since>`, in the order in which it is kept. */
function said(world: World): string[] {
  return (world.view.node('n1')?.containers ?? []).map(
    ({ model, name, rule, since }) => `${model}/${name} ${rule.slice('container.'.length)} ${since}`,
  );
}

/** A report of n1, of containers in the words `<model>/<name> <status>`. */
function reported(...all: string[]): Happening {
  const containers = all.map((one) => {
    const [, model = '', name = '', words = ''] = /^(.*)\/(.*) (.*)$/.exec(one) ?? [];
    return container(model, name, words);
  });
  return { type: 'report', node: 'n1', containers };
}

describe('an observation’s time', () => {
  test('is that of the report that said it first, and stays while the node says the same', () => {
    const world = newWorld();
    accept(world, reported('a/x running', 'a/y running'));
    const first = world.at;
    accept(world, reported('a/x running', 'a/y exited:1'));
    expect(said(world)).toEqual([`a/x running ${first}`, `a/y dead ${world.at}`]);
    expect(world.view.node('n1')?.observedAt).toBe(world.at);
  });

  test('is renewed by another state, another exit code, and another reason of its death', () => {
    const world = newWorld();
    for (const words of ['running', 'exited:0', 'exited:1', 'exited:137', 'exited:137:oom', 'paused', 'running']) {
      accept(world, reported(`a/x ${words}`, 'a/y running'));
      expect(said(world)[0], words).toMatch(new RegExp(` ${world.at}$`));
      expect(said(world)[1], words).toBe('a/y running 2000');
    }
  });

  test('is not renewed by what the rules do not look at', () => {
    const world = newWorld();
    accept(world, reported('a/x running', 'a/y running'));
    accept(world, reported('a/x restarting:3', 'a/y paused'));
    expect(said(world)).toEqual(['a/x running 2000', 'a/y paused 3000']);
  });

  test('does not depend on the order of the report', () => {
    const world = newWorld();
    accept(world, reported('b/x running', 'a/y running', 'a/x running', 'b/y running'));
    accept(world, reported('b/y paused', 'a/x running', 'c/z running', 'b/x running', 'a/y running'));
    expect(said(world)).toEqual([
      'a/x running 2000',
      'a/y running 2000',
      'b/x running 2000',
      'b/y paused 3000',
      'c/z running 3000',
    ]);
  });

  test('is kept by the others when containers come and go between them', () => {
    const world = newWorld();
    accept(world, reported('a/b running', 'a/d running'));
    accept(world, reported('a/a running', 'a/b running', 'a/c running', 'a/d running', 'a/e running'));
    expect(said(world).map((line) => line.slice(-4))).toEqual(['3000', '2000', '3000', '2000', '3000']);
    accept(world, reported('a/c running', 'a/e running'));
    expect(said(world)).toEqual(['a/c running 3000', 'a/e running 3000']);
  });

  test('is new when a container that was gone comes back, or belongs to another model', () => {
    const world = newWorld();
    accept(world, reported('a/x running', 'a/y running'));
    accept(world, reported('a/y running'));
    accept(world, reported('a/x running', 'a/y running'));
    expect(said(world)).toEqual(['a/x running 4000', 'a/y running 2000']);
    accept(world, reported('b/x running', 'a/y running'));
    expect(said(world)).toEqual(['a/y running 2000', 'b/x running 5000']);
  });

  test('of two containers of the same name is each one’s own', () => {
    const world = newWorld();
    accept(world, reported('a/x running'));
    accept(world, reported('a/x exited:1', 'a/x running'));
    expect(said(world)).toEqual(['a/x dead 3000', 'a/x running 2000']);
    accept(world, reported('a/x running', 'a/x running'));
    expect(said(world)).toEqual(['a/x running 2000', 'a/x running 4000']);
    accept(world, reported('a/x running', 'a/x paused', 'a/x running'));
    expect(said(world)).toEqual(['a/x paused 5000', 'a/x running 2000', 'a/x running 4000']);
    accept(world, reported('a/x running'));
    expect(said(world)).toEqual(['a/x running 2000']);
  });

  test('is its node’s: another node that says the same does not lend its own', () => {
    const world = newWorld();
    accept(world, report('n2', { a: ['running'] }));
    accept(world, report('n1', { a: ['running'] }));
    expect(said(world)).toEqual(['a/a-0 running 3000']);
  });
});

test('what a word says of one model is found wherever it stands', () => {
  const world = newWorld();
  accept(world, reported('a/x running', 'c/x running', 'c/y running', 'e/x running'));
  const word = world.view.node('n1')?.containers ?? [];
  const namesOf = (model: string): string[] => containersOf(word, model).map(({ name }) => name);
  expect(['', 'a', 'b', 'c', 'd', 'e', 'f'].map(namesOf)).toEqual([[], ['x'], [], ['x', 'y'], [], ['x'], []]);
  expect(containersOf([], 'a')).toEqual([]);
});

test('the nodes that report a model are known, by name', () => {
  const world = newWorld();
  const nodes = (): (readonly string[])[] => ['a', 'b'].map((model) => world.view.nodesOf(model));
  accept(world, definePackage('p', ['a', 'b']));
  expect(nodes()).toEqual([[], []]);
  accept(world, report('n2', { a: ['running'] }));
  accept(world, report('n1', { a: ['exited:1'], b: ['running'] }));
  expect(nodes()).toEqual([['n1', 'n2'], ['n1']]);
  accept(world, report('n1', { a: ['running', 'running'] }));
  expect(nodes()).toEqual([['n1', 'n2'], []]);
  accept(world, report('n2'));
  expect(nodes()).toEqual([['n1'], []]);
  accept(world, { type: 'node-forgotten', node: 'n1', source: 'operator' });
  expect(nodes()).toEqual([[], []]);
});
