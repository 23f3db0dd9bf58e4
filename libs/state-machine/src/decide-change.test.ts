import { describe, expect, test } from 'vitest';
import { accept, change, definePackage, happen, newWorld, refuse, stateOf } from '../test/world.ts';
import { MAX_TEXT_BYTES } from './decide-change.ts';
import { APPLIED_CHANGES_COUNT } from './record.ts';
import { RESOURCE_KINDS, STATES } from './resource.ts';

describe('1. a request that is not well formed', () => {
  const good = change('scenario', 's', 'idle');
  const twoBytes = 'é'.repeat(126);
  const fourBytes = '😀'.repeat(63);

  test.each([
    ['resource_type', { kind: undefined }],
    ['resource_name', { name: '' }],
    ['resource_name', { name: '-s' }],
    ['resource_name', { name: 'a/b' }],
    ['resource_name', { name: 's'.repeat(254) }],
    ['target_state', { targetState: '' }],
    ['target_state', { targetState: 'Running' }],
    ['target_state', { targetState: 'SCENARIO_STATE_UNSPECIFIED' }],
    ['transition_id', { transitionId: '' }],
    ['transition_id', { transitionId: 'x'.repeat(254) }],
    ['transition_id', { transitionId: `${twoBytes}xy` }],
    ['transition_id', { transitionId: `${fourBytes}xy` }],
    ['timestamp_ns', { stamped: false }],
    ['source', { source: '' }],
    ['source', { source: 'x'.repeat(254) }],
    ['source', { source: '한'.repeat(85) }],
  ] as const)('is refused, naming %s: %j', (field, wrong) => {
    const world = newWorld();
    const { code, details } = refuse(world, { ...good, ...wrong });
    expect(code).toBe('invalid_request');
    expect(details.startsWith(field), details).toBe(true);
    expect([...world.view.names('scenario')]).toEqual([]);
  });

  test.each([
    { name: 's'.repeat(253) },
    { transitionId: 'x'.repeat(253) },
    { transitionId: `${twoBytes}x` },
    { transitionId: `${fourBytes}x` },
    { source: 'x'.repeat(253) },
    { source: '한'.repeat(84) },
  ])('is accepted at the limit: %j', (right) => {
    for (const text of [right.transitionId, right.source]) {
      if (text !== undefined) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_TEXT_BYTES);
    }
    accept(newWorld(), { ...good, ...right });
  });

  test('is measured in bytes of UTF-8, whatever its characters', () => {
    for (const character of ['\x7f', '\x80', '\u07ff', '\u0800', '\uffff', '\u{10000}', '\u{10ffff}', '\ud800']) {
      const bytes = Buffer.byteLength(character);
      const longest = character.repeat(Math.floor(MAX_TEXT_BYTES / bytes)) + 'x'.repeat(MAX_TEXT_BYTES % bytes);
      expect(Buffer.byteLength(longest)).toBe(MAX_TEXT_BYTES);
      accept(newWorld(), { ...good, source: longest });
      expect(refuse(newWorld(), { ...good, source: `${longest}x` }).details).toMatch(
        /^source must be at most 253 bytes/,
      );
    }
  });

  test('names the states that there are, and repeats only the beginning of a long text', () => {
    for (const kind of RESOURCE_KINDS) {
      const { details } = refuse(newWorld(), change(kind, 'x', 'y'.repeat(10_000)));
      for (const state of STATES[kind]) expect(details).toContain(state);
      expect(details.length).toBeLessThan(300);
    }
  });

  test('is refused for its form before anything else is looked at', () => {
    const world = newWorld();
    const request = change('scenario', 's', 'Waiting', { transitionId: 't1' });
    accept(world, request);
    expect(refuse(world, { ...request, source: '' }).code).toBe('invalid_request');
    expect(refuse(world, { ...request, targetState: 'Completed', stamped: false }).code).toBe('invalid_request');
  });
});

describe('2. a request that was applied before', () => {
  test('is answered the same, whatever happened since and whatever it says besides', () => {
    const world = newWorld();
    accept(world, change('scenario', 's', 'Waiting', { transitionId: 't1' }));
    accept(world, change('scenario', 's', 'Satisfied'));
    accept(world, change('scenario', 's', 'waiting', { transitionId: 't1', currentState: 'Denied', source: 'other' }));
    expect(stateOf(world, 'scenario', 's')).toBe('Satisfied');
    expect(world.transitions).toHaveLength(2);
  });

  test('is another one if its target, resource or kind is another', () => {
    const world = newWorld();
    accept(world, change('scenario', 'x', 'Waiting', { transitionId: 't1' }));
    accept(world, change('scenario', 'x', 'Satisfied', { transitionId: 't1' }));
    accept(world, change('scenario', 'y', 'Waiting', { transitionId: 't1' }));
    accept(world, change('package', 'x', 'Paused', { transitionId: 't1' }));
    accept(world, change('model', 'x', 'Paused', { transitionId: 't1' }));
    expect(world.transitions).toHaveLength(5);
  });

  test(`is remembered among the last ${APPLIED_CHANGES_COUNT} of its resource`, () => {
    expect(APPLIED_CHANGES_COUNT).toBe(32);
    const world = newWorld();
    const set = (i: number) => change('model', 'm', i % 2 === 0 ? 'Paused' : 'Running', { transitionId: `t${i}` });
    for (let i = 0; i <= 32; i += 1) accept(world, set(i));
    expect(world.view.record('model', 'm')?.applied.map(({ id }) => id)).toEqual(
      Array.from({ length: 32 }, (_, i) => `t${i + 1}`),
    );
    expect(accept(world, set(1))).toEqual([]);
    expect(accept(world, change('model', 'm', 'Running', { transitionId: 't1' }))).toEqual([]);
    accept(world, change('model', 'm', 'Running'));
    expect(accept(world, set(0))).toEqual(['model m: Running > Paused']);
  });

  test('is not remembered if it was refused, or changed nothing', () => {
    const world = newWorld();
    refuse(world, change('scenario', 's', 'Satisfied', { transitionId: 't1' }));
    accept(world, change('scenario', 's', 'Waiting'));
    accept(world, change('scenario', 's', 'Waiting', { transitionId: 't2' }));
    expect(accept(world, change('scenario', 's', 'Satisfied', { transitionId: 't1' }))).toHaveLength(1);
    accept(world, change('scenario', 's', 'Idle'));
    expect(accept(world, change('scenario', 's', 'Waiting', { transitionId: 't2' }))).toHaveLength(1);
  });

  test('is remembered after the resource was removed', () => {
    const world = newWorld();
    accept(world, definePackage('p', []));
    accept(world, change('package', 'p', 'Paused', { transitionId: 't1' }));
    accept(world, { type: 'package-undefined', name: 'p' });
    expect(accept(world, change('package', 'p', 'Paused', { transitionId: 't1' }))).toEqual([]);
  });
});

describe('3. a target that is reached already', () => {
  test('is a success without a change, whatever the current state is said to be', () => {
    for (const kind of RESOURCE_KINDS) {
      const world = newWorld();
      const target = kind === 'scenario' ? 'Waiting' : 'Paused';
      accept(world, change(kind, 'x', target));
      const record = world.view.record(kind, 'x');
      for (const currentState of ['', target, 'Running', 'nonsense']) {
        const decision = happen(world, change(kind, 'x', target.toUpperCase(), { currentState }));
        expect(decision).toMatchObject({ accepted: true, changes: undefined, transitions: [] });
      }
      expect(world.view.record(kind, 'x')).toBe(record);
    }
  });
});

describe('4. a current state that is not the stored one', () => {
  test('is refused, naming the stored one, before the transition is looked at', () => {
    const world = newWorld();
    accept(world, change('scenario', 's', 'Waiting'));
    const { code, details } = refuse(world, change('scenario', 's', 'Completed', { currentState: 'Allowed' }));
    expect(code).toBe('precondition_failed');
    expect(details).toContain('Waiting');
    expect(refuse(world, change('scenario', 's', 'Satisfied', { currentState: 'nonsense' })).code).toBe(
      'precondition_failed',
    );
  });

  test.each([
    ['scenario', 'idle', 'Waiting'],
    ['package', 'PACKAGE_STATE_IDLE', 'Paused'],
    ['model', 'Created', 'Running'],
  ] as const)('an absent %s counts as %s', (kind, counted, target) => {
    const wrong = kind === 'scenario' ? 'Denied' : 'Exited';
    const { code, details } = refuse(newWorld(), change(kind, 'x', target, { currentState: wrong }));
    expect(code).toBe('precondition_failed');
    expect(details).toContain('absent');
    expect(accept(newWorld(), change(kind, 'x', target, { currentState: counted }))).toEqual([
      `${kind} x: absent > ${target}`,
    ]);
  });

  test('a stored one is told in any spelling', () => {
    const world = newWorld();
    accept(world, change('package', 'p', 'Paused'));
    accept(world, change('package', 'p', 'Exited', { currentState: 'package_state_PAUSED' }));
  });
});
