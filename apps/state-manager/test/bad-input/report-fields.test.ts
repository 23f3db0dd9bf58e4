import { describe, expect, it } from 'vitest';
import { container, type WireContainer } from '../kit/peer.ts';
import { useUntouchedWorld } from './untouched.ts';

const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;

describe('a report with something wrong', () => {
  const world = useUntouchedWorld(['--max-message-bytes', '8388608']);
  const small: WireContainer = { annotation: { model: 'm' } };

  it.each(['', 'a/b', '../x', '-a', '.a', 'a b', 'a\0', 'größe', 'x'.repeat(254), 'x'.repeat(100_000)])(
    'is refused for the node name %j, which the error names',
    async (node) => {
      const call = world().peer.report(node, [container('m', 'c', 'running')]);
      await expect(call).rejects.toMatchObject({
        code: INVALID_ARGUMENT,
        details: expect.stringMatching(/^node_name must be/) as string,
      });
    },
  );

  it('is refused with 100,000 containers, with both counts', async () => {
    const containers = Array.from({ length: 100_000 }, () => small);
    await expect(world().peer.report('big', containers)).rejects.toMatchObject({
      code: RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/containers.*100000.*10000.*--max-containers-count/) as string,
    });
  });

  it('is refused over --max-message-bytes, with the limit', async () => {
    const containers = [{ ...small, image: 'x'.repeat(8_388_608) }];
    await expect(world().peer.report('big', containers)).rejects.toMatchObject({
      code: RESOURCE_EXHAUSTED,
      details: expect.stringContaining('8388608') as string,
    });
  });

  it('is refused when what follows is more than one transaction takes, with the counts', async () => {
    const containers = Array.from({ length: 5000 }, (_, i) => container(`many-${i}`, `c-${i}`, 'running'));
    await expect(world().peer.report('big', containers)).rejects.toMatchObject({
      code: RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/\d+ store operations.*4032/) as string,
    });
  });
});

describe('a report with much in it that decides nothing', () => {
  const world = useUntouchedWorld();

  it.each(['state', 'config', 'annotation', 'stats'])('is taken with a map of 50,000 entries in %s', async (field) => {
    const huge = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key-${i}`, 'value']));
    const known = container('known', 'c', 'running');
    const before = { ...(known[field as 'state'] ?? {}) };
    // Equal to what is known in all that matters: nothing is written.
    const { resp } = await world().peer.report('known-node', [{ ...known, [field]: { ...huge, ...before } }]);
    expect(resp).toContain('unchanged');
  });

  it('is taken with keys that mean something to JavaScript', async () => {
    const known = container('known', 'c', 'running');
    const odd = { constructor: 'x', toString: 'x', ['__proto__']: 'x', hasOwnProperty: 'x' };
    const report = { ...known, state: { ...odd, ...known.state }, annotation: { ...odd, ...known.annotation } };
    expect((await world().peer.report('known-node', [report])).resp).toContain('unchanged');
  });

  it('is taken with 10,000 containers that are nobody’s', async () => {
    const known = container('known', 'c', 'running');
    const others = Array.from({ length: 9999 }, (_, i) => ({ id: `other-${i}` }));
    expect((await world().peer.report('known-node', [known, ...others])).resp).toContain('unchanged');
  });
});

describe('an offload with something wrong', () => {
  const world = useUntouchedWorld();
  const RIGHT = {
    scenario_name: 's',
    package_name: 'p',
    model_name: 'known',
    source_node: 'a',
    target_node: 'b',
    policy_name: '',
    reason: '',
  };

  it.each([
    ['scenario_name', ''],
    ['package_name', 'a/b'],
    ['model_name', 'x'.repeat(254)],
    ['source_node', ' '],
    ['target_node', ''],
    ['target_node', 'a'],
    ['policy_name', 'x'.repeat(254)],
    ['reason', 'x'.repeat(1025)],
  ])('is not accepted with a wrong %s, and nobody is asked', async (field, value) => {
    const answer = await world().peer.offload({ ...RIGHT, [field]: value });
    expect(answer).toMatchObject({ accepted: false, message: expect.stringContaining(field) as string });
    expect(world().controller.calls).toEqual([]);
  });
});
