import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { packageYaml, scenarioYaml } from './documents.ts';
import { crashed, running, startControllerFor, startStand, type Afterwards } from './stand.ts';
import { under, valueOf, sqliteUnderTest } from './stores.ts';

/** The client looks every two seconds at most; the rest is for a busy machine. */
const PROMPTLY_MS = 6000;

/** ActionController is away when packages die, and comes back after `awayMs`; one of them recovered by itself. */
export async function bridgeAnOutage(afterwards: Afterwards, awayMs: number): Promise<void> {
  const store = sqliteUnderTest();
  afterwards(() => store.dispose());
  await store.put('Package/lost', packageYaml('lost', ['lost-a', 'lost-b']));
  await store.put('Package/healed', packageYaml('healed', ['healed-a']));
  await store.put('Scenario/rescue', scenarioYaml('rescue', 'lost'));
  const port = await freePort();
  const flags = { 'action-controller': `http://127.0.0.1:${port}`, 'reconcile-initial-backoff-ms': '100' };
  const { peer, service, kill } = await startStand(afterwards, store.url, flags);

  const diedAt = performance.now();
  await peer.report('n1', crashed('lost-a', 'lost-b'));
  await peer.report('n2', crashed('healed-a'));
  await service.waitForLog(({ msg }) => msg === 'ActionController cannot be reached; reconciles wait for it');
  // Nothing else slows down, and nobody is asked for what is no longer needed.
  for (let i = 0; i < 20; i += 1) await peer.report('n3', running(`other-${i}`), 2000);
  await peer.report('n2', running('healed-a'));
  await sleep(Math.max(0, diedAt + awayMs - performance.now()));

  const backAt = performance.now();
  const controller = await startControllerFor(afterwards, undefined, port);
  await eventually(() => expect(controller.calls).toHaveLength(1), PROMPTLY_MS);
  expect(controller.calls[0]).toMatchObject({ method: 'Reconcile', request: { scenario_name: 'rescue' } });
  expect((controller.calls[0]?.at ?? 0) - backAt).toBeLessThan(PROMPTLY_MS);
  await service.waitForLog(({ msg }) => msg === 'reconcile answered');
  await peer.report('n1', running('lost-a', 'lost-b'));
  // Whatever else was waiting has had its turn once an intent that came later had.
  await peer.report('n2', crashed('healed-a'));
  await eventually(() => expect(controller.calls).toHaveLength(2));
  expect(controller.calls[1]).toMatchObject({ request: { scenario_name: 'healed' } });
  await service.waitForLog(({ msg, scenario }) => msg === 'reconcile answered' && scenario === 'healed');
  await peer.report('n3', []);
  await kill();

  const contents = await store.read();
  expect(under(contents, '/statemanager/reconcile/').map(([name]) => name)).toEqual(['healed']);
  const intent = JSON.parse(valueOf(contents, '/statemanager/reconcile/healed') ?? '{}') as object;
  expect(intent, 'the time away counts as no attempt').toMatchObject({ attempts: 1 });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
