import { openMemoryStore, type StoreStatus } from '@statemanager/state-store';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ScriptedStore, recordLog } from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { sayWaiting } from './say-waiting.ts';

const LOOK_EVERY_MS = 5;

it('says what it waits for, once each, and nothing when it need not wait', async () => {
  const full: StoreStatus = { state: 'no_space', reason: 'no_space', detail: 'its quota is reached', latencyMs: 1 };
  const store = new ScriptedStore(openMemoryStore());
  let looks = 0;
  const sayFull = (): Promise<StoreStatus> => {
    looks += 1;
    return Promise.resolve(full);
  };
  const { log, lines } = recordLog();
  const messages = (): unknown[] => lines.map(({ msg }) => msg);
  store.onStatus = sayFull;
  expect(await sayWaiting(Promise.resolve('led'), store, log, LOOK_EVERY_MS)).toBe('led');
  await sleep(3 * LOOK_EVERY_MS);
  expect(looks).toBe(0);

  let resolve: (what: string) => void = () => undefined;
  const leading = new Promise<string>((done) => (resolve = done));
  const waiting = sayWaiting(leading, store, log, LOOK_EVERY_MS);
  await eventually(() => expect(looks).toBeGreaterThan(3));
  expect(messages()).toEqual(['waiting to lead: the store does not serve']);
  expect(lines[0]).toMatchObject({ status: full });
  store.onStatus = undefined;
  await eventually(() => expect(messages().slice(1)).toEqual(['waiting to lead: another process leads']));
  store.onStatus = sayFull;
  resolve('led');
  expect(await waiting).toBe('led');
  const looked = looks;
  await sleep(3 * LOOK_EVERY_MS);
  expect(looks).toBe(looked);
  await store.close();
});
