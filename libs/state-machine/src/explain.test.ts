import { describe, expect, test } from 'vitest';
import {
  accept,
  change,
  definePackage,
  defineScenario,
  graceOver,
  newWorld,
  report,
  type World,
} from '../test/world.ts';
import { explain, type Explanation } from './explain.ts';
import type { ResourceKind } from './resource.ts';
import { whatIf } from './what-if.ts';

function why(world: World, kind: ResourceKind, name: string): Explanation {
  return explain(world.view, kind, name) ?? expect.fail(`nothing is known of ${kind} ${name}`);
}

/** The tree as indented lines `<kind> <name> <state> <rule>`. */
function treeOf({ kind, name, state, rule, because }: Explanation, indent = ''): string[] {
  return [`${indent}${kind} ${name} ${state} ${rule}`, ...because.flatMap((child) => treeOf(child, `${indent}  `))];
}

const sentencesOf = (explanation: Explanation): string[] => explanation.wouldChange.map(({ text }) => text);

test('a package’s explanation goes down to the container and its exit code', () => {
  const world = newWorld();
  accept(world, definePackage('p', ['a', 'b', 'c']));
  accept(world, report('n1', { a: ['exited:137:oom', 'running'], c: ['running'] }));
  accept(world, report('n2', { b: ['exited:1'] }));
  const explanation = why(world, 'package', 'p');
  expect(treeOf(explanation)).toEqual([
    'package p Degraded package.degraded',
    '  model a Dead model.dead',
    '    container n1/a-0 Dead container.dead',
    '  model b Dead model.dead',
    '    container n2/b-0 Dead container.dead',
  ]);
  expect(explanation.text).toBe('one or more models, but not all, are Dead (3 models: 2 Dead, 1 Running)');
  const [a] = explanation.because;
  expect(a?.text).toBe('one or more containers are Dead (2 containers: 1 Dead, 1 Running)');
  expect(a?.because[0]).toMatchObject({
    since: 3000,
    text: 'on node n1 container a-0 is Dead: exit code 137, OOM killed',
  });
});

test('a model that is Dead because its node is silent rests on the containers that were alive', () => {
  const world = newWorld();
  accept(world, definePackage('p', ['a']));
  accept(world, report('n1', { a: ['running', 'exited:0'] }));
  accept(world, { type: 'node-silent', node: 'n1', heardAt: 2000, silentMs: 60_000 });
  const explanation = why(world, 'package', 'p');
  expect(treeOf(explanation)).toEqual([
    'package p Error package.error',
    '  model a Dead model.dead',
    '    container n1/a-0 Dead container.silent',
  ]);
});

test('what would change it is said in sentences, children in the same state together', () => {
  const world = newWorld();
  accept(world, definePackage('p', ['a', 'b']));
  accept(world, report('n1', { a: ['exited:1'], b: ['exited:1'] }));
  const explanation = why(world, 'package', 'p');
  expect(explanation.wouldChange).toEqual([
    {
      anyOf: ['a', 'b'],
      becoming: 'any other state',
      gives: 'Degraded',
      rule: 'package.degraded',
      text: 'any one of a, b leaving Dead gives Degraded',
    },
  ]);
  expect(sentencesOf(why(world, 'model', 'a'))).toEqual([
    'n1/a-0 becoming Paused gives Paused',
    'n1/a-0 becoming Exited gives Exited',
    'n1/a-0 becoming Running or Initialized or Created or Unknown gives Running',
  ]);
});

test('a model that is only named is Created, and leaving its absence counts', () => {
  const world = newWorld();
  accept(world, definePackage('p', ['a']));
  const explanation = why(world, 'package', 'p');
  expect(treeOf(explanation)).toEqual(['package p Idle package.idle', '  model a Created model.created']);
  expect(explanation.because[0]).toMatchObject({ since: 0 });
  expect(sentencesOf(explanation)).toContain('a becoming Dead gives Error');
  expect(sentencesOf(explanation)).toContain('a becoming Created or Running gives Running');
  accept(world, report('n1', { b: ['exited:1'] }));
  accept(world, definePackage('p', ['a', 'b'], 2));
  expect(sentencesOf(why(world, 'package', 'p'))).toContain('a becoming Dead gives Error');
});

test('what a request has set says so, and what would end it', () => {
  const world = newWorld();
  accept(world, definePackage('p', ['a']));
  accept(world, report('n1', { a: ['running'] }));
  accept(world, change('package', 'p', 'Paused', { source: 'operator' }));
  expect(why(world, 'package', 'p')).toMatchObject({
    state: 'Paused',
    rule: 'package.requested',
    text: 'operator asked for it; it holds until a model or the definition of the package changes',
    because: [],
  });
  expect(sentencesOf(why(world, 'package', 'p'))).toContain('a becoming Created gives Running');
  accept(world, change('model', 'a', 'Exited', { source: 'operator' }));
  expect(why(world, 'model', 'a')).toMatchObject({
    state: 'Exited',
    rule: 'model.requested',
    text: 'operator asked for it; it holds until a node says something else of it',
  });
});

test('a model that is missing says so while the grace lasts, and when it is over', () => {
  const world = newWorld();
  accept(world, definePackage('p', ['a']));
  accept(world, report('n1', { a: ['running'] }));
  accept(world, report('n1'));
  expect(why(world, 'model', 'a')).toMatchObject({ state: 'Running', because: [], wouldChange: [] });
  expect(why(world, 'model', 'a').text).toBe(
    'otherwise; no node reports a container of it any more, and the grace lasts',
  );
  accept(world, graceOver(world, 'a'));
  expect(treeOf(why(world, 'package', 'p'))).toEqual(['package p Error package.error', '  model a Dead model.missing']);
});

test('a scenario’s says who asked for it, and where it may go', () => {
  const world = newWorld();
  accept(world, defineScenario('s', 'p'));
  expect(why(world, 'scenario', 's')).toMatchObject({ state: '', since: 0, because: [] });
  expect(sentencesOf(why(world, 'scenario', 's'))).toEqual([
    'a request may set it to Idle',
    'a request may set it to Waiting',
  ]);
  accept(world, change('scenario', 's', 'Waiting', { source: 'filtergateway' }));
  expect(why(world, 'scenario', 's')).toMatchObject({
    state: 'Waiting',
    rule: 'scenario.requested',
    since: world.at,
    text: 'filtergateway asked for it',
  });
});

test('of what is not known, or was removed, there is none', () => {
  const world = newWorld();
  for (const kind of ['scenario', 'package', 'model'] as const) {
    expect(explain(world.view, kind, 'x')).toBeUndefined();
    accept(world, change(kind, 'x', 'Idle', kind === 'model' ? { targetState: 'Running' } : {}));
    expect(explain(world.view, kind, 'x')).toBeDefined();
    accept(world, { type: 'resource-deleted', kind, name: 'x', source: 'operator' });
    expect(explain(world.view, kind, 'x'), kind).toBeUndefined();
  }
});

test('a tree shows a hundred children at most, and counts them all', () => {
  const world = newWorld();
  const models = Array.from({ length: 103 }, (_, i) => `m${100 + i}`);
  accept(world, definePackage('p', models));
  accept(world, report('n1', Object.fromEntries(models.map((model) => [model, ['exited:1']]))));
  const { because, text, wouldChange } = why(world, 'package', 'p');
  expect(because.map(({ name }) => name)).toEqual(models.slice(0, 100));
  expect(text).toContain('103 models: 103 Dead');
  expect(wouldChange).toMatchObject([{ anyOf: models, gives: 'Degraded' }]);
  expect(wouldChange[0]?.text).toBe('any one of m100, m101, m102, m103, m104 and 98 more leaving Dead gives Degraded');
});

describe('what-ifs', () => {
  const family = { states: ['up', 'down', 'off'], present: 'fine' } as const;

  test('leave out what changes nothing, and what gives the same', () => {
    const children = [{ name: 'x', state: 'up' }] as const;
    expect(whatIf({ ...family, children, rollUp: () => undefined })).toEqual([]);
    expect(whatIf({ ...family, children, rollUp: () => ({ state: 'fine', rule: 'r' }) })).toEqual([]);
    expect(whatIf({ ...family, children: [], rollUp: () => ({ state: 'bad', rule: 'r' }) })).toEqual([]);
  });

  test('try each pair of states once, however many children are in them', () => {
    const tried: string[] = [];
    const children = (['up', 'down', 'up', 'up'] as const).map((state, i) => ({ name: `${i}`, state }));
    const found = whatIf({
      ...family,
      children,
      rollUp: (from, to) => {
        tried.push(`${from} > ${to}`);
        return to === 'off' ? { state: 'bad', rule: 'r' } : undefined;
      },
    });
    expect(tried).toEqual(['up > down', 'up > off', 'down > up', 'down > off']);
    expect(found.map(({ text }) => text)).toEqual([
      'any one of 0, 2, 3 becoming off gives bad',
      '1 becoming off gives bad',
    ]);
  });
});
