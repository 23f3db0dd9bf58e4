import { expect, test } from 'vitest';
import { settingsOf } from './options.ts';
import { Replicas } from './replicas.ts';

const replicas = (avoidMs: number, draw = 0) =>
  new Replicas(settingsOf({ addresses: ['a:1', 'b:1', 'c:1'], avoidMs }), () => draw);

const hostOf = (all: Replicas) => new URL(all.current.connection.origin).hostname;

test('the first one is drawn, and stays as long as nobody leaves it', () => {
  for (const [draw, host] of [
    [0, 'a'],
    [0.5, 'b'],
    [0.999, 'c'],
  ] as const) {
    const all = replicas(1, draw);
    expect([hostOf(all), hostOf(all)]).toEqual([host, host]);
  }
});

test('one that broke is avoided until all others have broken too', () => {
  const all = replicas(1_000_000);
  all.leave(all.current, true);
  expect(hostOf(all)).toBe('b');
  all.leave(all.current, false);
  expect(hostOf(all)).toBe('c');
  all.leave(all.current, false);
  expect(hostOf(all)).toBe('b');
  const b = all.current;
  all.leave(b, true);
  all.leave(all.current, true);
  expect(hostOf(all)).toBe('a');
  all.works(b);
  expect(hostOf(all)).toBe('b');
});

test('it is avoided only for a while', async () => {
  const all = replicas(10);
  const a = all.current;
  all.leave(a, true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  all.leave(all.current, false);
  all.leave(all.current, false);
  expect(all.current).toBe(a);
});

test('many calls that fail at the same one go on by one', () => {
  const all = replicas(1);
  const a = all.current;
  for (let i = 0; i < 3; i += 1) all.leave(a, true);
  expect(hostOf(all)).toBe('b');
});
