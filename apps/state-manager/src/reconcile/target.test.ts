import { DEFAULT_RULE_OPTIONS, Fleet, decide } from '@statemanager/state-machine';
import { describe, expect, it } from 'vitest';
import { findTarget } from './target.ts';

/** A view with these scenarios: name, target, action. */
function viewWith(...scenarios: readonly (readonly [string, string, string])[]): Fleet {
  const view = new Fleet();
  for (const [name, target, action] of scenarios) {
    const input = { type: 'scenario-defined', name, target, action, revision: 1, at: 1 } as const;
    const decision = decide(view, input, DEFAULT_RULE_OPTIONS);
    if (decision.accepted && decision.changes !== undefined) view.absorb(decision.changes);
  }
  return view;
}

describe('the scenario under whose name a package is reconciled', () => {
  it('is the one that targets it', () => {
    expect(findTarget(viewWith(['s', 'p', 'launch']), 'p')).toEqual({ type: 'ask', scenarioName: 's' });
  });

  it('is the first by name if several do', () => {
    const view = viewWith(['z', 'p', 'launch'], ['b', 'p', 'update'], ['a', 'other', 'launch']);
    expect(findTarget(view, 'p')).toEqual({ type: 'ask', scenarioName: 'b' });
  });

  it('is the one of its own name if none does', () => {
    expect(findTarget(viewWith(), 'p')).toEqual({ type: 'ask', scenarioName: 'p' });
    expect(findTarget(viewWith(['p', '', 'launch']), 'p')).toEqual({ type: 'ask', scenarioName: 'p' });
  });

  it('is not one of its name that is about another package: then it waits', () => {
    const target = findTarget(viewWith(['p', 'other', 'launch']), 'p');
    expect(target).toEqual({
      type: 'wait',
      why: expect.stringContaining('the scenario of that name targets other') as string,
    });
  });

  it('does not mind a scenario of its name about another package if one targets it', () => {
    const view = viewWith(['p', 'other', 'launch'], ['s', 'p', 'launch']);
    expect(findTarget(view, 'p')).toEqual({ type: 'ask', scenarioName: 's' });
  });

  it.each(['terminate', 'Terminate'])('waits while that scenario’s action is %s', (action) => {
    const target = findTarget(viewWith(['s', 'p', action]), 'p');
    expect(target).toEqual({ type: 'wait', why: 'scenario s terminates package p' });
  });

  it('follows the first by name, whatever the others do', () => {
    const first = viewWith(['a', 'p', 'launch'], ['b', 'p', 'terminate']);
    expect(findTarget(first, 'p')).toEqual({ type: 'ask', scenarioName: 'a' });
    const second = viewWith(['a', 'p', 'terminate'], ['b', 'p', 'launch']);
    expect(findTarget(second, 'p').type).toBe('wait');
  });

  it('is nobody while an operator has paused the package, whatever targets it', () => {
    const paused = (view: Fleet): Fleet => {
      for (const input of [
        { type: 'package-defined', name: 'p', models: [], revision: 1, at: 1 },
        { type: 'reconcile-paused', packageName: 'p', at: 1 },
      ] as const) {
        const decision = decide(view, input, DEFAULT_RULE_OPTIONS);
        if (decision.accepted && decision.changes !== undefined) view.absorb(decision.changes);
      }
      return view;
    };
    const why = 'reconciles of package p are paused';
    expect(findTarget(paused(viewWith()), 'p')).toEqual({ type: 'wait', why });
    expect(findTarget(paused(viewWith(['s', 'p', 'terminate'])), 'p')).toEqual({ type: 'wait', why });
    expect(findTarget(paused(viewWith(['s', 'q', 'launch'])), 'q')).toEqual({ type: 'ask', scenarioName: 's' });
  });
});
