import { describe, expect, test } from 'vitest';
import { DEFAULT_RULE_OPTIONS, type Input, type ReportedContainer } from './index.ts';
import { decide } from './decide.ts';
import { Fleet } from './fleet.ts';

const options = { ...DEFAULT_RULE_OPTIONS, missingGraceMs: 0 };

const container = (model: string, status: string, exitCode?: number): ReportedContainer => ({
  ...{ model, name: model, status, running: false, dead: false, oomKilled: false, exitCode },
});

/** Decides inputs one after the other on a fleet of their own. */
function play(...inputs: readonly Input[]): { view: Fleet; messages: string[]; causes: string[] } {
  const view = new Fleet();
  const messages: string[] = [];
  const causes: string[] = [];
  for (const input of inputs) {
    const outcome = decide(view, input, options);
    messages.push(outcome.accepted ? outcome.message : outcome.code);
    if (!outcome.accepted) continue;
    causes.push(...outcome.transitions.map(({ kind, name, to, cause }) => `${kind} ${name} ${to}: ${cause}`));
    if (outcome.changes !== undefined) view.absorb(outcome.changes);
  }
  return { view, messages, causes };
}

const silent = (node: string, at: number): Input => ({ type: 'node-silent', node, heardAt: 1, silentMs: 61_000, at });
const report = (node: string, at: number, ...containers: ReportedContainer[]): Input => ({
  ...{ type: 'report', node, containers, at },
});
const defined: Input = { type: 'package-defined', name: 'p', models: ['a', 'b'], revision: 1, at: 1 };

describe('a silent node', () => {
  test('has what was alive on it count as Dead, and its packages follow', () => {
    const { view, causes } = play(
      ...[defined, report('n', 2, container('a', 'running'), container('b', 'exited', 0)), silent('n', 9)],
    );
    expect(view.record('model', 'a')).toMatchObject({ state: 'Dead', since: 9, rule: 'model.dead' });
    expect(view.record('model', 'b')).toMatchObject({ state: 'Exited', since: 2 });
    expect(view.record('package', 'p')?.state).toBe('Degraded');
    expect(view.node('n')?.observedAt).toBe(2);
    expect(causes.at(-2)).toMatch(/^model a Dead: node n has been silent for 61 s/);
    expect(view.node('n')?.containers.map(({ rule }) => rule)).toEqual(['container.silent', 'container.exited']);
  });

  test('says nothing twice', () => {
    const { messages } = play(report('n', 2, container('a', 'running')), silent('n', 9), silent('n', 10));
    expect(messages).toEqual(['node n: 1 transition', 'node n is silent', 'node n: nothing was alive']);
  });

  test('lets a model live on where another node has it', () => {
    const { view } = play(
      ...[report('n', 2, container('a', 'running')), report('other', 3, container('a', 'running'))],
      silent('n', 9),
    );
    const alone = play(report('n', 2, container('a', 'running')), report('other', 3, container('a', 'dead')));
    expect(view.record('model', 'a')?.state).toBe(alone.view.record('model', 'a')?.state);
  });

  test('is believed again as soon as it speaks', () => {
    const { view } = play(
      ...[defined, report('n', 2, container('a', 'running'), container('b', 'running')), silent('n', 9)],
      report('n', 12, container('a', 'running'), container('b', 'running')),
    );
    expect(view.record('package', 'p')).toMatchObject({ state: 'Running', since: 12 });
  });

  test('is nothing if it is not known', () => {
    expect(play(silent('n', 9)).messages).toEqual(['precondition_failed']);
  });
});
