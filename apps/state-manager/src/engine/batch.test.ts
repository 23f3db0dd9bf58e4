import { DEFAULT_RULE_OPTIONS, Fleet, decide, type Input, type RuleOptions } from '@statemanager/state-machine';
import { describe, expect, it } from 'vitest';
import { change, defined, report, reported } from '../../test/kit/engine.ts';
import { Batch } from './batch.ts';

/** Decides an input on a batch and takes it in. */
function play(batch: Batch, input: Input, rules: RuleOptions = DEFAULT_RULE_OPTIONS): void {
  const decision = decide(batch.fleet, input, rules);
  if (!decision.accepted) throw new Error(decision.details);
  batch.add(decision, batch.encode(decision));
}

/** A committed view after some inputs. */
function viewAfter(...inputs: readonly Input[]): Fleet {
  const view = new Fleet();
  const batch = new Batch(view, 'bare');
  for (const input of inputs) play(batch, input);
  view.absorb(batch.fleet);
  return view;
}

/** What a batch does to a key: the value put, null for a delete, undefined for nothing. */
function onKey(batch: Batch, key: string): string | null | undefined {
  const found = batch.operations.filter((operation) => operation.key === key);
  expect(found.length).toBeLessThanOrEqual(1);
  const [operation] = found;
  return operation === undefined ? undefined : operation.type === 'put' ? operation.value : null;
}

const dead = reported('m', 'exited', 137);
const running = reported('m', 'running');

describe('a batch', () => {
  it('puts a state, its record, its history and the node in one go, under their keys', () => {
    const batch = new Batch(viewAfter(defined('p', ['m'])), 'bare');
    play(batch, report('n1', dead));
    expect(batch.operations.map(({ key }) => key).sort()).toEqual([
      '/model/m/state',
      '/package/p/state',
      '/statemanager/history/model/m/1',
      '/statemanager/history/package/p/2',
      '/statemanager/node/n1',
      '/statemanager/reconcile/p',
      '/statemanager/record/model/m',
      '/statemanager/record/package/p',
    ]);
    expect(onKey(batch, '/package/p/state')).toBe('Error');
    expect(batch.transitions.map(({ kind, to }) => `${kind} ${to}`)).toEqual(['model Dead', 'package Error']);
  });

  it('writes states as the enum names them, where that is wanted', () => {
    const batch = new Batch(new Fleet(), 'enum');
    play(batch, change('s'));
    expect(onKey(batch, '/scenario/s/state')).toBe('SCENARIO_STATE_IDLE');
  });

  it('puts only the last value of a key, and every transition into the history', () => {
    const batch = new Batch(viewAfter(defined('p', ['m'])), 'bare');
    play(batch, report('n1', dead));
    play(batch, report('n1', reported('m', 'paused')));
    expect(onKey(batch, '/model/m/state')).toBe('Paused');
    expect(onKey(batch, '/statemanager/history/model/m/1')).toContain('"to":"Dead"');
    expect(onKey(batch, '/statemanager/history/model/m/2')).toContain('"to":"Paused"');
    expect(onKey(batch, '/statemanager/reconcile/p')).toBeUndefined();
  });

  it('does not put a state that is what is stored: there and back again', () => {
    const batch = new Batch(viewAfter(defined('p', ['m']), report('n1', running)), 'bare');
    play(batch, report('n1', dead));
    expect(onKey(batch, '/package/p/state')).toBe('Error');
    play(batch, report('n1', running));
    expect(onKey(batch, '/package/p/state')).toBeUndefined();
    expect(onKey(batch, '/model/m/state')).toBeUndefined();
    expect(onKey(batch, '/statemanager/record/package/p')).toContain('"state":"Running"');
  });

  it('deletes an intent that is stored, and does not mention one that is not', () => {
    const view = viewAfter(defined('p', ['m']), report('n1', dead));
    const batch = new Batch(view, 'bare');
    play(batch, report('n1', running));
    expect(onKey(batch, '/statemanager/reconcile/p')).toBeNull();
    expect(view.intent('p')).toBeDefined();
    expect(batch.fleet.intent('p')).toBeUndefined();
  });

  it('adds nothing for an input that changes nothing', () => {
    const batch = new Batch(viewAfter(report('n1', running)), 'bare');
    play(batch, report('n1', running));
    expect(batch.operationsCount).toBe(0);
    expect(batch.bytes).toBe(0);
  });

  it('counts its bytes as it goes, whatever is replaced or taken out', () => {
    const batch = new Batch(viewAfter(defined('p', ['m']), report('n1', running)), 'bare');
    for (const container of [dead, reported('m', 'paused'), running]) play(batch, report('n1', container));
    const bytes = batch.operations
      .map((operation) => 32 + Buffer.byteLength(operation.key + (operation.type === 'put' ? operation.value : '')))
      .reduce((a, b) => a + b, 0);
    expect(batch.bytes).toBe(bytes);
  });

  it('says exactly when it would be over a limit, and replaced keys count once', () => {
    const batch = new Batch(new Fleet(), 'bare');
    play(batch, report('n1', running));
    const decision = decide(batch.fleet, report('n1', dead), DEFAULT_RULE_OPTIONS);
    if (!decision.accepted) throw new Error(decision.details);
    const operations = batch.encode(decision);
    const after = new Batch(new Fleet(), 'bare');
    play(after, report('n1', running));
    play(after, report('n1', dead));
    const { operationsCount, bytes } = after;
    expect(operationsCount).toBeLessThan(batch.operationsCount + operations.size);
    expect(batch.exceeds({ operationsCount, bytes }, operations)).toBe(false);
    expect(batch.exceeds({ operationsCount: operationsCount - 1, bytes }, operations)).toBe(true);
    expect(batch.exceeds({ operationsCount, bytes: bytes - 1 }, operations)).toBe(true);
  });
});

describe('a removed resource that is forgotten', () => {
  const undefinedScenario = (name: string): Input => ({ type: 'scenario-undefined', name, at: 1 });
  const definedScenario = (name: string): Input => ({
    type: 'scenario-defined',
    name,
    target: 'p',
    action: 'launch',
    revision: 1,
    at: 1,
  });

  it('goes with its whole history', () => {
    const rules = { ...DEFAULT_RULE_OPTIONS, removedKeptCount: 1 };
    const first = [definedScenario('a'), change('a'), undefinedScenario('a')];
    const view = viewAfter(...first, definedScenario('b'), change('b'));
    const batch = new Batch(view, 'bare');
    play(batch, undefinedScenario('b'), rules);
    for (const key of ['record/scenario/a', 'history/scenario/a/1', 'history/scenario/a/2']) {
      expect(onKey(batch, `/statemanager/${key}`)).toBeNull();
    }
    expect(onKey(batch, '/statemanager/record/scenario/b')).toContain('"removed":true');
    expect(batch.fleet.record('scenario', 'a')).toBeUndefined();
  });

  it('leaves no history entry behind when nothing that was removed is kept', () => {
    const rules = { ...DEFAULT_RULE_OPTIONS, removedKeptCount: 0 };
    const batch = new Batch(viewAfter(definedScenario('a'), change('a')), 'bare');
    play(batch, undefinedScenario('a'), rules);
    const put = batch.operations.filter(({ type }) => type === 'put').map(({ key }) => key);
    expect(put).toEqual([]);
    expect(onKey(batch, '/scenario/a/state')).toBeNull();
  });

  it('leaves no history entry behind when it came and went within the batch', () => {
    const rules = { ...DEFAULT_RULE_OPTIONS, removedKeptCount: 0 };
    const batch = new Batch(new Fleet(), 'bare');
    for (const input of [definedScenario('a'), change('a'), undefinedScenario('a')]) play(batch, input, rules);
    expect(batch.operations.filter(({ type }) => type === 'put').map(({ key }) => key)).toEqual([]);
  });

  it('goes with all 64 slots of a long history, and no more', () => {
    const rules = { ...DEFAULT_RULE_OPTIONS, removedKeptCount: 0 };
    const moves = Array.from({ length: 70 }, (_, i) =>
      change('a', { transitionId: `t-${i}`, targetState: i % 2 === 0 ? 'idle' : 'waiting' }),
    );
    const batch = new Batch(viewAfter(definedScenario('a'), ...moves), 'bare');
    play(batch, undefinedScenario('a'), rules);
    const history = batch.operations.filter(({ key }) => key.startsWith('/statemanager/history/'));
    expect(history).toHaveLength(64);
    expect(history.every(({ type }) => type === 'delete')).toBe(true);
  });
});
