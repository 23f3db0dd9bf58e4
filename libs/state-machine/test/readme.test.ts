import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  CONTAINER_RULES,
  MODEL_REQUESTED,
  MODEL_RULES,
  PACKAGE_REQUESTED,
  PACKAGE_RULES,
  RESOURCE_KINDS,
  SCENARIO_REQUESTED,
  SCENARIO_TRANSITIONS,
} from '../src/index.ts';
import { fleet, story, supposed, why } from './readme-use.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The table below a heading, without its two head rows. */
function tableUnder(heading: string): string[][] {
  const begin = readme.indexOf(`### ${heading}\n`);
  expect(begin, heading).toBeGreaterThan(0);
  const section = readme.slice(begin + 4).split(/^#/m)[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('the tables are the code’s', () => {
  test.each([
    ['Container', CONTAINER_RULES],
    ['Model', MODEL_RULES],
    ['Package', PACKAGE_RULES],
  ] as const)('%s', (heading, rules) => {
    expect(tableUnder(heading)).toEqual(rules.map(({ id, state, says }) => [id, state, says]));
  });

  test('Scenario', () => {
    expect(tableUnder('Scenario')).toEqual(
      SCENARIO_TRANSITIONS.map(({ from, to, by }) => [from ?? '(absent)', to, by.join(', ')]),
    );
  });

  test('rule ids outside the tables are named', () => {
    const source = ['decide-definition', 'decide-model-event', 'decide-operator', 'settle-model']
      .map((file) => readFileSync(new URL(`../src/${file}.ts`, import.meta.url), 'utf8'))
      .join('');
    const tabled = new Set([...CONTAINER_RULES, ...MODEL_RULES, ...PACKAGE_RULES].map(({ id }): string => id));
    const ids = [...source.matchAll(/'((?:scenario|package|model)\.[a-z-]+)'/g)].map(([, id]) => id as string);
    const ofEachKind = [...source.matchAll(/`\$\{kind\}\.([a-z-]+)`/g)].flatMap(([, what]) =>
      RESOURCE_KINDS.map((kind) => `${kind}.${what}`),
    );
    const requested = [MODEL_REQUESTED, PACKAGE_REQUESTED, SCENARIO_REQUESTED];
    const others = [...requested, ...ofEachKind, ...ids.filter((id) => !tabled.has(id))];
    expect(others.length).toBeGreaterThan(10);
    for (const id of others) expect(readme).toContain(`\`${id}\``);
  });
});

describe('the example', () => {
  test('is the one that runs', () => {
    const shown = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
    const run = readFileSync(new URL('./readme-use.ts', import.meta.url), 'utf8');
    expect(shown).toBe(run.replace('../src/index.ts', '@statemanager/state-machine'));
  });

  test('does what the text says', () => {
    expect(story).toHaveLength(3);
    expect(readme).toContain(`\`${story.at(-1)}\``);
    expect(fleet.intent('web')).toEqual({ id: 'web/2', since: 2000, attempts: 0 });
  });

  test('explains and supposes what the text says', () => {
    const [model] = why?.because ?? [];
    const bottom = model?.because[0]?.text;
    expect(bottom).toBeTruthy();
    expect(readme).toContain(`\`${bottom}\``);
    const shown = why?.wouldChange.filter(({ text }) => readme.includes(`\`${text}\``));
    expect(shown).toHaveLength(1);
    expect(supposed).toMatchObject({ impacts: [], reconciles: [] });
  });
});
