import type { StoreStatus } from '@statemanager/state-store';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { emptyEntries } from '../read/entries.ts';
import { Presence } from '../read/presence.ts';
import { readinessOf, type ReadinessSources } from './readiness.ts';
import { StoreLook } from './store-look.ts';

const present = { revision: 7, entries: emptyEntries(), presence: new Presence() };
const other = { id: 'r2', address: '10.0.0.2:47006' };
const seen = (state: StoreStatus['state'], detail = 'as found'): StoreLook['last'] => ({
  ...{ state, detail, latencyMs: 3, ageMs: 100 },
});
const well: ReadinessSources = {
  manager: { leads: true, leader: undefined },
  model: { present },
  store: { last: seen('ok') },
};

describe('a process is ready', () => {
  it.each([
    ['which leads', well, 'leader'],
    ['which follows another one', { ...well, manager: { leads: false, leader: other } }, 'follower'],
    ['whose store is full: it can be read', { ...well, store: { last: seen('no_space') } }, 'leader'],
    ['whose store nobody has looked at yet', { ...well, store: { last: undefined } }, 'leader'],
  ])('%s', (_which, sources, role) => {
    expect(readinessOf(sources, false)).toMatchObject({ ready: true, role, reasons: [], revision: 7 });
  });
});

describe('a process is not ready', () => {
  it.each<[string, ReadinessSources, boolean, RegExp]>([
    ['while it stops', well, true, /^this process stops/],
    ['without a view', { ...well, model: { present: undefined } }, false, /^the view is not loaded/],
    ['while nobody leads', { ...well, manager: { leads: false, leader: undefined } }, false, /^nobody leads/],
    ['without its store', { ...well, store: { last: seen('unavailable') } }, false, /^the store is unavailable \(as /],
  ])('%s', (_when, sources, draining, reason) => {
    const { ready, reasons } = readinessOf(sources, draining);
    expect(ready).toBe(false);
    expect(reasons).toEqual([expect.stringMatching(reason)]);
  });

  it('and what it says of that has an end', () => {
    const sources = { ...well, store: { last: seen('unavailable', 'x'.repeat(100_000)) } };
    expect(JSON.stringify(readinessOf(sources, false)).length).toBeLessThan(2000);
  });
});

describe('the look at the store', () => {
  it('is taken again and again until the store is closed, and says how old it is', async () => {
    const look = new StoreLook();
    const status: StoreStatus = { state: 'ok', detail: 'serves', latencyMs: 1 };
    let looksCount = 0;
    look.start(
      {
        status: () => {
          looksCount += 1;
          return looksCount < 3 ? Promise.resolve(status) : Promise.reject(new Error('closed'));
        },
      },
      5,
    );
    expect(look.last).toBeUndefined();
    await eventually(() => expect(looksCount).toBe(3));
    await eventually(() => expect(look.last?.ageMs).toBeGreaterThan(30));
    expect(looksCount).toBe(3);
    expect(look.last).toMatchObject(status);
  });
});
