import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { connectPeer } from '../kit/peer.ts';
import { Load } from './load.ts';
import { brokenRules } from './naive-rules.ts';
import { chanceOf, SEED } from './seed.ts';
import { NOBODY, startControllerFor, startListening, startStand, type Afterwards } from './stand.ts';
import { under, type Contents, type StoreUnderTest } from './stores.ts';

/** How long a life lasts at most, from where the service listens. */
const LONGEST_LIFE_MS = 500;

/**
 * So many times: starts the service, lets clients ask and report while its reconciler works, kills it at a random
 * moment, and holds what the store has against what was acknowledged and against the rules. Then starts it once more
 * and has every node repeat its word: that must change nothing.
 */
export async function killInRounds(
  afterwards: Afterwards,
  store: StoreUnderTest,
  name: string,
  roundsCount: number,
): Promise<void> {
  console.log(`${name}: STATEMANAGER_SEED=${SEED}`);
  const moments = chanceOf(`${name} moments`);
  const controller = await startControllerFor(afterwards);
  const load = new Load(name);
  await load.define(store);
  await firstLife(afterwards, store);
  let livesWithIntents = 0;
  for (let round = 1; round <= roundsCount; round += 1) {
    // Short lives and long ones, a part of the time for each: of a few that are all short nothing would be learnt.
    const lifeMs = Math.round(((round - 1 + moments.next()) / roundsCount) * LONGEST_LIFE_MS);
    await live(afterwards, store, controller.url, load, lifeMs);
    const contents = await store.read();
    const where = `round ${round} of ${roundsCount}, killed after ${lifeMs} ms, seed ${SEED}`;
    expect(load.brokenPromises(contents), where).toEqual([]);
    expect(brokenRules(contents), where).toEqual([]);
    await expectNothingNew(afterwards, store, load, contents, where);
    load.resume(contents);
    livesWithIntents += Number(under(contents, '/statemanager/reconcile/').length > 0);
  }
  const got = `${load.acknowledgedCount} calls acknowledged, ${controller.calls.length} reconciles asked`;
  console.log(`${name}: ${got}, ${livesWithIntents} of ${roundsCount} lives ended with intents`);
  expect(load.acknowledgedCount, 'calls acknowledged').toBeGreaterThan(roundsCount);
}

/** Has the definitions evaluated: the answer to a report comes after them. */
async function firstLife(afterwards: Afterwards, store: StoreUnderTest): Promise<void> {
  const { peer, kill } = await startStand(afterwards, store.url);
  await peer.report('n0', []);
  await kill();
}

/** One life under load, ended by kill -9. */
async function live(
  afterwards: Afterwards,
  store: StoreUnderTest,
  controllerUrl: string,
  load: Load,
  ms: number,
): Promise<void> {
  const flags = {
    'action-controller': controllerUrl,
    'reconcile-initial-backoff-ms': '20',
    'reconcile-max-backoff-ms': '100',
    'reconcile-heal-ms': '50',
  };
  const { service, peer, kill } = await startListening(afterwards, store.url, flags);
  const second = connectPeer(service.address);
  const over = new AbortController();
  const loading = load.run([peer, second], over.signal);
  await sleep(ms);
  over.abort();
  await service.kill();
  await loading;
  second.close();
  await kill();
}

/** The next start and equal reports leave every key as it is. */
async function expectNothingNew(
  afterwards: Afterwards,
  store: StoreUnderTest,
  load: Load,
  before: Contents,
  where: string,
): Promise<void> {
  // Without an ActionController nothing counts as an attempt, so that the intents stand still.
  const { peer, kill } = await startStand(afterwards, store.url, { 'action-controller': NOBODY });
  await load.repeat(peer, before);
  await kill();
  const after = await store.read();
  expect(withoutLeader(after), where).toEqual(withoutLeader(before));
  // Whoever takes the lead puts the fence; any commit of its own would have put it again.
  const [fence, leader] = [after.get('/statemanager/commit'), after.get('/statemanager/leader')];
  expect(fence?.revision, where).toBe(leader?.revision);
}

function withoutLeader(contents: Contents): Record<string, string> {
  const kept = [...contents].filter(([key]) => key !== '/statemanager/commit' && key !== '/statemanager/leader');
  return Object.fromEntries(kept.map(([key, { value }]) => [key, value]));
}
