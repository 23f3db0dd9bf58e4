import type { Transition } from '@statemanager/state-machine';
import { describe, expect, it } from 'vitest';
import { recordLog } from '../test/kit/engine.ts';
import { logTransitions, TransitionLog } from './log-transitions.ts';

function transitions(count: number): Transition[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: 'model',
    name: `m${i}`,
    from: 'Running',
    to: i % 2 === 0 ? 'Dead' : 'Paused',
    at: 1,
    rule: 'model.dead',
    cause: 'a test',
    source: 'node/n',
    generation: 1,
  }));
}

describe('a commit’s transitions', () => {
  it('are logged one by one, each with its cause', () => {
    const recorded = recordLog();
    const { log } = recorded;
    logTransitions(transitions(50), 7, log);
    expect(recorded.said('transition')).toHaveLength(50);
    expect(recorded.said('transition')[0]).toMatchObject({
      level: 30,
      name: 'm0',
      to: 'Dead',
      cause: 'a test',
      revision: 7,
    });
  });

  it('are counted if they are many, and logged one by one for whoever debugs', () => {
    const recorded = recordLog();
    const { log } = recorded;
    logTransitions(transitions(51), 7, log);
    expect(recorded.said('many transitions; each is in its history')).toMatchObject([
      { level: 30, revision: 7, count: 51, became: { model: { Dead: 26, Paused: 25 } } },
    ]);
    expect(recorded.said('transition')).toHaveLength(51);
    expect(new Set(recorded.said('transition').map(({ level }) => level))).toEqual(new Set([20]));
    log.level = 'info';
    logTransitions(transitions(51), 8, log);
    expect(recorded.said('transition')).toHaveLength(51);
  });
});

describe('the log of transitions', () => {
  const namesIn = (recorded: ReturnType<typeof recordLog>): unknown[] =>
    recorded.said('transition').map(({ revision, name }) => `${String(revision)} ${String(name)}`);

  it('is written after what is under way has been answered, in order', async () => {
    const recorded = recordLog();
    const log = new TransitionLog(recorded.log);
    log.note(transitions(1), 7);
    log.note(transitions(2), 8);
    await new Promise(setImmediate);
    expect(namesIn(recorded)).toEqual([]);
    await new Promise(setImmediate);
    log.note(transitions(1), 9);
    expect(namesIn(recorded)).toEqual(['7 m0', '8 m0', '8 m1']);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(namesIn(recorded)).toEqual(['7 m0', '8 m0', '8 m1', '9 m0']);
  });

  it('is written at once when it has to be, and once only', async () => {
    const recorded = recordLog();
    const log = new TransitionLog(recorded.log);
    log.note(transitions(1), 7);
    log.flush();
    expect(namesIn(recorded)).toEqual(['7 m0']);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(namesIn(recorded)).toHaveLength(1);
  });
});
