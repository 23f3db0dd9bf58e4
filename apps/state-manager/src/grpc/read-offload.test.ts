import { create } from '@bufbuild/protobuf';
import { statemanager } from '@statemanager/proto';
import { describe, expect, it } from 'vitest';
import { readOffload } from './read-offload.ts';

const GOOD = {
  scenarioName: 's',
  packageName: 'p',
  modelName: 'm',
  sourceNode: 'n1',
  targetNode: 'n2',
  policyName: '',
  reason: '',
};

const read = (parts: Partial<typeof GOOD>): ReturnType<typeof readOffload> =>
  readOffload(create(statemanager.OffloadingRequestSchema, { ...GOOD, ...parts }));

describe('readOffload', () => {
  it('reads a request as it is', () => {
    expect(read({})).toEqual(GOOD);
    const full = { policyName: 'é'.repeat(126), reason: 'x'.repeat(1024) };
    expect(read(full)).toEqual({ ...GOOD, ...full });
  });

  it.each([
    ['scenario_name', { scenarioName: '' }],
    ['package_name', { packageName: 'a/b' }],
    ['model_name', { modelName: 'x'.repeat(254) }],
    ['source_node', { sourceNode: ' ' }],
    ['target_node', { targetNode: '' }],
    ['target_node', { targetNode: 'n1' }],
    ['policy_name', { policyName: 'é'.repeat(127) }],
    ['reason', { reason: 'x'.repeat(1025) }],
  ])('names the field that is wrong: %s', (field, parts) => {
    expect(read(parts)).toEqual(expect.stringMatching(new RegExp(`^${field} must be `)));
  });
});
