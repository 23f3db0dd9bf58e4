import { DEFAULT_RULE_OPTIONS, Fleet } from '@statemanager/state-machine';
import { beforeEach, describe, expect, it } from 'vitest';
import { change, defined, recordLog, report, reported } from '../../test/kit/engine.ts';
import { DecidedBatch, FULL_LIMITS, type DecideOptions, type Outcome } from './decide-batch.ts';
import type { EngineError } from './engine-error.ts';
import { InputQueue, type Ticket } from './input-queue.ts';

/** A node with so many models, each of which costs three operations when it is first seen. */
function crowd(node: string, modelsCount: number): ReturnType<typeof report> {
  return report(node, ...Array.from({ length: modelsCount }, (_, i) => reported(`${node}-m${i}`, 'running')));
}

describe('a decided batch', () => {
  let queue: InputQueue<Outcome>;
  let view: Fleet;
  let options: DecideOptions;
  let refusals: EngineError[];
  let ticket: Ticket<Outcome>;
  const recorded = recordLog();

  beforeEach(() => {
    queue = new InputQueue(100);
    view = new Fleet();
    options = {
      rules: DEFAULT_RULE_OPTIONS,
      stateNames: 'bare',
      limits: FULL_LIMITS,
      lastHeard: new Map(),
      log: recorded.log,
    };
    refusals = [];
    ticket = { resolve: () => undefined, reject: (error) => refusals.push(error) };
    recorded.lines.length = 0;
  });

  it('leaves out a report that waited while its node said something newer', () => {
    const asked = (at: number, status: string, held?: true): string => {
      queue.add({ ...report('n', reported('m', status)), at, ...(held && { held }) }, ticket);
      const decided = decideNext();
      decided.noteHeard();
      const [outcome] = [...decided.outcomes.values()];
      return outcome?.accepted === true ? outcome.message : 'refused';
    };
    expect(asked(100, 'running')).toBe('node n: 1 transition');
    expect(asked(90, 'exited', true)).toBe('node n: a newer report is known');
    expect(asked(110, 'exited', true)).toBe('node n: 1 transition');
    // Only one that waited can be older than what came before it.
    expect(asked(90, 'paused')).toBe('node n: 1 transition');
  });

  it('decides in view of what it is decided on top of, whose reports count for nobody else before they are durable', () => {
    queue.add({ ...report('n', reported('m', 'running')), at: 100 }, ticket);
    const below = decideNext();
    const late = { ...report('n', reported('m', 'exited')), at: 90, held: true } as const;
    queue.add(late, ticket);
    const above = new DecidedBatch(view, options, below);
    above.take(queue);
    expect(messages(above)).toEqual(['node n: a newer report is known']);
    queue.add(late, ticket);
    expect(messages(decideNext())).toEqual(['node n: 1 transition']);
    below.noteHeard();
    queue.add(late, ticket);
    expect(messages(decideNext())).toEqual(['node n: a newer report is known']);
  });

  it('takes what comes straight from a node for its newest word, also after the clock was put back', () => {
    view.putNode('n', { observedAt: 1, containers: [] });
    for (const at of [5000, 1000]) {
      queue.add({ ...report('n', reported('m', 'running')), at }, ticket);
      const decided = decideNext();
      decided.noteHeard();
      view.absorb(decided.batch.fleet);
    }
    queue.add({ type: 'node-silent', node: 'n', heardAt: 1000, silentMs: 60_000, at: 61_000 }, ticket);
    expect(messages(decideNext())).toEqual(['node n is silent']);
    queue.add({ type: 'node-silent', node: 'n', heardAt: 999, silentMs: 60_000, at: 61_000 }, ticket);
    expect(messages(decideNext())).toEqual(['node n: a newer report is known']);
  });

  it('leaves out a report that is older than what the view has of its node', () => {
    view.putNode('n', { observedAt: 100, containers: [] });
    queue.add({ ...report('n', reported('m', 'running')), at: 90, held: true }, ticket);
    expect(messages(decideNext())).toEqual(['node n: a newer report is known']);
    queue.add({ ...report('n', reported('m', 'running')), at: 110, held: true }, ticket);
    expect(messages(decideNext())).toEqual(['node n: 1 transition']);
  });

  const decideNext = (): DecidedBatch => {
    const decided = new DecidedBatch(view, options);
    decided.take(queue);
    return decided;
  };
  const messages = ({ outcomes }: DecidedBatch): string[] =>
    [...outcomes.values()].map((outcome) => (outcome.accepted ? outcome.message : outcome.code));

  it('decides everything that waits, each in view of those before it', () => {
    queue.add(change('s', { transitionId: 't-1' }), ticket);
    queue.add(change('s', { targetState: 'waiting', currentState: 'idle', transitionId: 't-2' }), ticket);
    queue.add(change('s', { targetState: 'allowed', transitionId: 't-3' }), ticket);
    const decided = decideNext();
    expect(messages(decided)).toEqual(['scenario s is Idle', 'scenario s is Waiting', 'invalid_state_transition']);
    expect(queue.size).toBe(0);
    expect(view.record('scenario', 's')).toBeUndefined();
    expect(decided.batch.fleet.record('scenario', 's')?.state).toBe('Waiting');
  });

  it('has nothing to say when nothing waits', () => {
    const { batch, outcomes } = decideNext();
    expect([batch.operationsCount, outcomes.size]).toEqual([0, 0]);
  });

  it('refuses an input that alone is too large, with the counts, and goes on with the next', () => {
    queue.add(crowd('n1', 1400), ticket);
    queue.add(report('n2', reported('m', 'running')), ticket);
    const decided = decideNext();
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatchObject({ code: 'too_large' });
    expect(refusals[0]?.message).toMatch(/needs 4201 store operations; one transaction takes 4032 operations/);
    expect(messages(decided)).toEqual(['node n2: 1 transition']);
    expect(decided.batch.fleet.node('n1')).toBeUndefined();
  });

  it('lets what is too large together wait for the next transaction', () => {
    queue.add(crowd('n1', 700), ticket);
    queue.add(crowd('n2', 700), ticket);
    queue.add(change('s'), ticket);
    const first = decideNext();
    expect(messages(first)).toEqual(['node n1: 700 transitions']);
    expect(queue.size).toBe(2);
    view.absorb(first.batch.fleet);
    expect(messages(decideNext())).toEqual(['node n2: 700 transitions', 'scenario s is Idle']);
    expect(refusals).toEqual([]);
  });

  it('keeps to smaller limits, but for an input that is alone', () => {
    options = { ...options, limits: { operationsCount: 3, bytes: 10_000 } };
    queue.add(crowd('n1', 2), ticket);
    queue.add(change('a'), ticket);
    queue.add(change('b'), ticket);
    expect(messages(decideNext())).toEqual(['node n1: 2 transitions']);
    expect(messages(decideNext())).toEqual(['scenario a is Idle']);
    expect(messages(decideNext())).toEqual(['scenario b is Idle']);
  });

  it('refuses by bytes as well as by operations', () => {
    const long = 'x'.repeat(250);
    const containers = Array.from({ length: 4000 }, (_, i) => ({
      ...reported('m', 'running'),
      name: `${i}-${long}`,
    }));
    queue.add(report('n1', ...containers), ticket);
    expect(decideNext().outcomes.size).toBe(0);
    expect(refusals[0]?.code).toBe('too_large');
  });

  it('survives an input that cannot be decided: its caller hears of it, the others are decided', () => {
    queue.add({ ...change('a'), name: undefined as never, kind: 'scenario' }, ticket);
    queue.add({ ...report('n1'), containers: undefined as never }, ticket);
    queue.add(change('b'), ticket);
    const decided = decideNext();
    expect(messages(decided)).toContain('scenario b is Idle');
    expect(refusals.map(({ code }) => code)).toContain('internal');
    expect(recorded.said('an input could not be decided').length).toBe(refusals.length);
  });

  it('logs a definition that the rules refuse: nobody else would hear of it', () => {
    options = { ...options, rules: { ...DEFAULT_RULE_OPTIONS, maxResourcesCount: 1 } };
    queue.add(defined('p', []), ticket);
    queue.add(defined('q', []), ticket);
    decideNext();
    expect(recorded.lines.filter(({ level }) => level === 50)).toEqual([
      expect.objectContaining({ name: 'q', problem: expect.stringContaining('--max-resources-count') as string }),
    ]);
  });

  it('does not call it an error when an attempt is dropped because its intent has ended', () => {
    const attempt = { packageName: 'p', intent: 'p/1', at: 1 };
    queue.add({ type: 'attempt-started', ...attempt }, ticket);
    queue.add({ type: 'attempt-ended', ...attempt, outcome: 'accepted', detail: '' }, ticket);
    expect(messages(decideNext())).toEqual(['precondition_failed', 'precondition_failed']);
    expect(recorded.lines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });
});
