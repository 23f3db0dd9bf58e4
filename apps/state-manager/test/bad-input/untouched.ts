import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { container } from '../kit/peer.ts';
import { startWorld, type World } from '../kit/world.ts';

/**
 * A world for a file of bad input. After each test the service still answers, and its store is what it was before,
 * byte for byte, revisions included.
 */
export function useUntouchedWorld(flags: readonly string[] = []): () => World {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    world = await startWorld(flags);
    await world.define('known-package', ['known']);
    await world.peer.report('known-node', [container('known', 'c', 'running')]);
    await world.peer.change({ resource_name: 'known-scenario', target_state: 'waiting', transition_id: 'known-1' });
  });
  afterAll(() => world.stop());

  beforeEach(async () => {
    before = await world.etcd.dump();
    expect(before.length).toBeGreaterThan(5);
  });
  afterEach(async () => {
    const { resp } = await world.peer.report('known-node', [container('known', 'c', 'running')]);
    expect(resp).toContain('unchanged');
    expect(await world.etcd.dump()).toEqual(before);
  });
  return () => world;
}
