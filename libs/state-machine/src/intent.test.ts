import { describe, expect, test } from 'vitest';
import {
  accept,
  change,
  definePackage,
  happen,
  newWorld,
  refuse,
  report,
  type Happening,
  type World,
} from '../test/world.ts';
import type { AttemptOutcome } from './record.ts';
import type { RuleOptions } from './decision.ts';

const BOTH = { reconcileOn: new Set(['Error', 'Degraded'] as const) };

function newFleet(options: Partial<RuleOptions> = {}): World {
  const world = newWorld(options);
  accept(world, definePackage('p', ['a', 'b']));
  return world;
}

function started(intent: string): Happening {
  return { type: 'attempt-started', packageName: 'p', intent };
}

function ended(intent: string, outcome: Exclude<AttemptOutcome, 'started'>): Happening {
  return { type: 'attempt-ended', packageName: 'p', intent, outcome, detail: `was ${outcome}` };
}

/** Crashes every model of p; `times` makes each crash another one. */
function crash(world: World): string {
  accept(world, report('n1', { a: ['exited:1'], b: ['exited:1'] }));
  return world.view.intent('p')?.id ?? expect.fail('no intent');
}

function recover(world: World): void {
  accept(world, report('n1', { a: ['running'], b: ['running'] }));
  expect(world.view.intent('p')).toBeUndefined();
}

describe('an intent', () => {
  test('is made with the transition into a reconcile state, named after its generation', () => {
    const world = newFleet();
    const decision = happen(world, report('n1', { a: ['exited:1'], b: ['exited:1'] }));
    if (!decision.accepted) return expect.fail();
    const generation = world.transitions.findLast((t) => t.kind === 'package')?.generation;
    const intent = { id: `p/${generation}`, since: world.at, attempts: 0 };
    expect([...(decision.changes?.changedIntents() ?? [])]).toEqual([['p', intent]]);
    expect(world.view.intent('p')).toEqual(intent);
  });

  test('is ended with the transition out of it', () => {
    const world = newFleet();
    crash(world);
    const decision = happen(world, report('n1', { a: ['running'], b: ['exited:1'] }));
    if (!decision.accepted) return expect.fail();
    expect([...(decision.changes?.changedIntents() ?? [])]).toEqual([['p', undefined]]);
  });

  test('is kept between two reconcile states', () => {
    const world = newFleet(BOTH);
    accept(world, report('n1', { a: ['running'], b: ['exited:1'] }));
    const intent = world.view.intent('p');
    expect(intent).toBeDefined();
    expect(crash(world)).toBe(intent?.id);
    expect(world.view.intent('p')).toBe(intent);
    recover(world);
  });

  test('follows a state that a request set, too', () => {
    const world = newFleet();
    accept(world, change('package', 'p', 'Error'));
    expect(world.view.intent('p')?.id).toBe('p/2');
    accept(world, change('package', 'p', 'Paused'));
    expect(world.view.intent('p')).toBeUndefined();
    accept(world, change('package', 'q', 'Error'));
    expect(world.view.intent('q')?.id).toBe('q/1');
  });

  test('is made to match the state by a new leader, and only then', () => {
    const world = newFleet();
    const former = { ...world, options: { ...world.options, ...BOTH } };
    accept(former, report('n1', { a: ['running'], b: ['exited:1'] }));
    expect(world.view.intent('p')).toBeDefined();
    accept(world, { type: 'leading', packages: ['other'] });
    expect(world.view.intent('p')).toBeDefined();
    accept(world, { type: 'leading', packages: ['p'] });
    expect(world.view.intent('p')).toBeUndefined();
    accept(former, { type: 'leading', packages: ['p'] });
    expect(world.view.intent('p')?.id).toBe(`p/${world.view.record('package', 'p')?.generation}`);
    const made = world.view.intent('p');
    accept(former, { type: 'leading', packages: ['p'] });
    expect(world.view.intent('p')).toBe(made);
    expect(world.transitions.filter((t) => t.kind === 'package')).toHaveLength(2);
  });

  test('of a package that is not known is ended by a new leader', () => {
    const world = newWorld();
    world.view.putIntent('gone', { id: 'gone/1', since: 1, attempts: 3 });
    accept(world, { type: 'leading', packages: ['gone'] });
    expect(world.view.intent('gone')).toBeUndefined();
  });
});

describe('an attempt', () => {
  test('counts before its call is made, and its end is noted', () => {
    const world = newFleet();
    const id = crash(world);
    accept(world, started(id));
    expect(world.view.intent('p')).toMatchObject({ attempts: 1, lastAttempt: { at: world.at, outcome: 'started' } });
    expect(world.view.record('package', 'p')?.backoff).toEqual({ attempts: 1, intent: id });
    accept(world, ended(id, 'refused'));
    expect(world.view.intent('p')).toMatchObject({
      attempts: 1,
      lastAttempt: { at: world.at, outcome: 'refused', detail: 'was refused' },
    });
  });

  test.each(['accepted', 'refused', 'failed'] as const)('that was %s counts', (outcome) => {
    const world = newFleet();
    const id = crash(world);
    accept(world, started(id));
    accept(world, ended(id, outcome));
    accept(world, started(id));
    accept(world, ended(id, outcome));
    expect(world.view.intent('p')?.attempts).toBe(2);
    expect(world.view.record('package', 'p')?.backoff).toEqual({ attempts: 2, intent: id });
  });

  test('that reached nobody does not count', () => {
    const world = newFleet();
    const id = crash(world);
    accept(world, started(id));
    accept(world, ended(id, 'unreachable'));
    expect(world.view.intent('p')).toMatchObject({ attempts: 0, lastAttempt: { outcome: 'unreachable' } });
    expect(world.view.record('package', 'p')).not.toHaveProperty('backoff');
  });

  test('that reached nobody is taken back once, however often its end is told', () => {
    const world = newFleet();
    const id = crash(world);
    accept(world, started(id));
    accept(world, ended(id, 'failed'));
    accept(world, started(id));
    accept(world, ended(id, 'unreachable'));
    accept(world, ended(id, 'unreachable'));
    expect(world.view.intent('p')?.attempts).toBe(1);
    expect(world.view.record('package', 'p')?.backoff?.attempts).toBe(1);
  });

  test('at an intent that has ended is dropped', () => {
    const world = newFleet();
    const id = crash(world);
    accept(world, started(id));
    recover(world);
    for (const late of [started(id), ended(id, 'accepted'), ended('p/999', 'accepted'), ended('', 'accepted')]) {
      expect(refuse(world, late).code).toBe('precondition_failed');
    }
    const next = crash(world);
    expect(next).not.toBe(id);
    expect(refuse(world, ended(id, 'failed')).code).toBe('precondition_failed');
    expect(world.view.intent('p')?.attempts).toBe(0);
  });
});

describe('a backoff', () => {
  test('outlives its intents, and goes on with the next', () => {
    const world = newFleet();
    const first = crash(world);
    accept(world, started(first));
    accept(world, ended(first, 'accepted'));
    recover(world);
    expect(world.view.record('package', 'p')?.backoff).toEqual({ attempts: 1, intent: first });
    const second = crash(world);
    expect(world.view.record('package', 'p')?.backoff).toEqual({ attempts: 1, intent: second });
    accept(world, started(second));
    expect(world.view.record('package', 'p')?.backoff).toEqual({ attempts: 2, intent: second });
    expect(world.view.intent('p')?.attempts).toBe(1);
  });

  test('is forgotten once the package was well for long enough, and not before', () => {
    const world = newFleet();
    const over = (intent: string): Happening => ({ type: 'backoff-over', packageName: 'p', intent });
    const first = crash(world);
    accept(world, started(first));
    accept(world, over(first));
    expect(world.view.record('package', 'p')).toHaveProperty('backoff');
    recover(world);
    const second = crash(world);
    recover(world);
    accept(world, over(first));
    expect(world.view.record('package', 'p')).toHaveProperty('backoff');
    accept(world, over(second));
    expect(world.view.record('package', 'p')).not.toHaveProperty('backoff');
    expect(happen(world, over(second))).toMatchObject({ accepted: true, changes: undefined });
  });

  test('outlives the package', () => {
    const world = newFleet();
    accept(world, started(crash(world)));
    accept(world, { type: 'package-undefined', name: 'p' });
    accept(world, definePackage('p', ['a', 'b']));
    expect(world.view.record('package', 'p')?.backoff?.attempts).toBe(1);
  });
});
