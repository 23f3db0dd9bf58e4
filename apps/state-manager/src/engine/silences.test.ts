import { Fleet, type Input } from '@statemanager/state-machine';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Term } from './follower.ts';
import { Silences, type SilenceOptions } from './silences.ts';

let stale: string[][];
let submitted: Input[];
let silences: Silences;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'Date'] });
  stale = [];
  submitted = [];
});

afterEach(() => {
  silences.onTermEnd();
  vi.useRealTimers();
});

function begin(options: Partial<SilenceOptions>, ...nodes: readonly string[]): Fleet {
  silences = new Silences(
    { timeoutMs: 1000, as: 'dead', graceMs: 500, ...options },
    (input) => submitted.push(input),
    (names) => stale.push([...names]),
  );
  const view = new Fleet();
  for (const node of nodes) view.putNode(node, { observedAt: 1, containers: [] });
  silences.onTerm({ view } as Term);
  return view;
}

describe('nodes that report regularly', () => {
  it('are stale once they have been silent for the timeout, and Dead after the grace, once each', () => {
    const beganAt = Date.now();
    begin({}, 'n1', 'n2');
    vi.advanceTimersByTime(900);
    silences.onHeard([{ node: 'n2', at: 77 }]);
    vi.advanceTimersByTime(200);
    expect([stale, submitted]).toEqual([[['n1']], []]);
    vi.advanceTimersByTime(500);
    expect(submitted).toMatchObject([{ type: 'node-silent', node: 'n1', heardAt: beganAt }]);
    vi.advanceTimersByTime(5000);
    expect(stale).toEqual([['n1'], ['n2']]);
    expect(submitted).toMatchObject([{ node: 'n1' }, { node: 'n2', heardAt: 77 }]);
  });

  it('are only stale if that is all that is wanted', () => {
    begin({ as: 'stale' }, 'n1');
    vi.advanceTimersByTime(10_000);
    expect([stale, submitted]).toEqual([[['n1']], []]);
  });

  it('have the whole time again when another term begins, and are forgotten with it', () => {
    begin({}, 'n1');
    vi.advanceTimersByTime(900);
    silences.onTermEnd();
    vi.advanceTimersByTime(10_000);
    expect(stale).toEqual([]);
    begin({}, 'n1');
    vi.advanceTimersByTime(900);
    expect(stale).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(stale).toEqual([['n1']]);
  });

  it('are not waited for when they are retired', () => {
    const changes = new Fleet(begin({}, 'n1'));
    changes.putNode('n1', undefined);
    silences.onCommit({ revision: 2, transitions: [], changes });
    vi.advanceTimersByTime(10_000);
    expect([stale, submitted]).toEqual([[], []]);
  });
});
