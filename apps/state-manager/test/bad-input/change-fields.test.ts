import { describe, expect, it } from 'vitest';
import { useUntouchedWorld } from './untouched.ts';

const SCENARIO = 'RESOURCE_TYPE_SCENARIO';
const PACKAGE = 'RESOURCE_TYPE_PACKAGE';
const MODEL = 'RESOURCE_TYPE_MODEL';

const RIGHT = { resource_type: SCENARIO, resource_name: 'right', target_state: 'idle' };

/** What is wrong, and the field that the answer must name. */
const WRONG: readonly [what: string, request: Readonly<Record<string, unknown>>, field: string][] = [
  ['no resource type', { resource_type: 0 }, 'resource_type'],
  ['a volume', { resource_type: 'RESOURCE_TYPE_VOLUME' }, 'resource_type'],
  ['a network', { resource_type: 'RESOURCE_TYPE_NETWORK' }, 'resource_type'],
  ['a node', { resource_type: 'RESOURCE_TYPE_NODE' }, 'resource_type'],
  ['an unknown resource type', { resource_type: 7 }, 'resource_type'],
  ['a far unknown resource type', { resource_type: 2_147_483_647 }, 'resource_type'],
  ['a negative resource type', { resource_type: -1 }, 'resource_type'],
  ['no name', { resource_name: '' }, 'resource_name'],
  ['a name with a slash', { resource_name: 'a/b' }, 'resource_name'],
  ['a name that climbs', { resource_name: '../../statemanager/commit' }, 'resource_name'],
  ['a name with a space', { resource_name: 'a b' }, 'resource_name'],
  ['a name with a line break', { resource_name: 'a\n' }, 'resource_name'],
  ['a name with a zero byte', { resource_name: 'a\0b' }, 'resource_name'],
  ['a name that begins with a dot', { resource_name: '.a' }, 'resource_name'],
  ['a name that begins with a dash', { resource_name: '-a' }, 'resource_name'],
  ['a name beyond ASCII', { resource_name: 'größe' }, 'resource_name'],
  ['a name of look-alikes', { resource_name: 'раckage' }, 'resource_name'],
  ['a name of 254 characters', { resource_name: 'x'.repeat(254) }, 'resource_name'],
  ['a name of a megabyte', { resource_name: 'x'.repeat(1_048_576) }, 'resource_name'],
  ['no target', { target_state: '' }, 'target_state'],
  ['a target that is no state', { target_state: 'flying' }, 'target_state'],
  ['the unspecified target', { target_state: 'SCENARIO_STATE_UNSPECIFIED' }, 'target_state'],
  ['a target of another kind', { target_state: 'running' }, 'target_state'],
  ['a target with another kind’s prefix', { target_state: 'PACKAGE_STATE_IDLE' }, 'target_state'],
  ['a target with a space', { target_state: ' idle' }, 'target_state'],
  ['a number for a target', { target_state: '1' }, 'target_state'],
  ['a target of a megabyte', { target_state: 'x'.repeat(1_048_576) }, 'target_state'],
  ['a package that is dead', { resource_type: PACKAGE, target_state: 'dead' }, 'target_state'],
  ['a model in error', { resource_type: MODEL, target_state: 'error' }, 'target_state'],
  ['no id', { transition_id: '' }, 'transition_id'],
  ['an id of 254 bytes', { transition_id: 'x'.repeat(254) }, 'transition_id'],
  ['an id of 254 bytes in 127 characters', { transition_id: 'ö'.repeat(127) }, 'transition_id'],
  ['a timestamp of zero', { timestamp_ns: '0' }, 'timestamp_ns'],
  ['a negative timestamp', { timestamp_ns: '-1' }, 'timestamp_ns'],
  ['the least timestamp', { timestamp_ns: '-9223372036854775808' }, 'timestamp_ns'],
  ['no source', { source: '' }, 'source'],
  ['a source of 254 bytes', { source: 'x'.repeat(254) }, 'source'],
];

describe('a change request with a wrong field', () => {
  const world = useUntouchedWorld();

  it.each(WRONG.map(([what, request, field]) => ({ what, request, field })))(
    '$what: INVALID_REQUEST that names $field',
    async ({ request, field }) => {
      const answer = await world().peer.change({ ...RIGHT, ...request });
      expect(answer.error_code).toBe('ERROR_CODE_INVALID_REQUEST');
      expect(answer.error_details).toMatch(new RegExp(`^${field}\\b`));
      expect(answer.message).toContain(field);
      expect(answer.error_details.length).toBeLessThan(1000);
    },
  );

  it('a current_state that is no state: PRECONDITION_FAILED that names it, and what is stored', async () => {
    const request = { resource_name: 'known-scenario', target_state: 'satisfied', current_state: 'x'.repeat(100_000) };
    const answer = await world().peer.change(request);
    expect(answer.error_code).toBe('ERROR_CODE_PRECONDITION_FAILED');
    expect(answer.error_details).toContain('current_state');
    expect(answer.error_details).toContain('Waiting');
    expect(answer.error_details.length).toBeLessThan(1000);
  });

  it('an empty message: INVALID_REQUEST', async () => {
    const answer = (await world().peer.call('SendStateChange', {})) as { error_code: string };
    expect(answer.error_code).toBe('ERROR_CODE_INVALID_REQUEST');
  });
});

describe('what is right up to the limit', () => {
  const world = useUntouchedWorld();

  it('is taken: 253 characters, 253 bytes, the greatest timestamp', async () => {
    // The known scenario is Waiting already: a success that leaves the store untouched.
    const answer = await world().peer.change({
      resource_name: 'known-scenario',
      target_state: 'waiting',
      transition_id: `${'ö'.repeat(126)}x`,
      source: 'x'.repeat(253),
      timestamp_ns: '9223372036854775807',
    });
    expect(answer.error_code).toBe('ERROR_CODE_SUCCESS');
  });
});
