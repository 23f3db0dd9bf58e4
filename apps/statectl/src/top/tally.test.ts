import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { packageOf } from '../../test/kit/fake-server.ts';
import { painter } from '../output/colour.ts';
import { screenLines } from './screen.ts';
import { Tally, WINDOW_MS } from './tally.ts';

const NOW_MS = 1_000_000;
const step = (name: string, agoMs: number) => ({ kind: 'package', name, at: timestampFromMs(NOW_MS - agoMs) });

test('counts, rates and the busiest follow what happens', () => {
  const tally = new Tally();
  tally.replace([packageOf('a', 'Running'), packageOf('b', 'Error', { stale: true }), packageOf('c', 'Running')]);
  for (const agoMs of [WINDOW_MS + 1000, 3000, 2000, 1000]) tally.step(step('b', agoMs));
  tally.step(step('a', 1000));
  tally.step(step('gone', 1000));
  expect(tally.counts(['package', 'node'])).toEqual([
    { kind: 'package', total: 3, doubtfulCount: 1, counts: { Running: 2, Error: 1 } },
    { kind: 'node', total: 0, doubtfulCount: 0, counts: {} },
  ]);
  expect(tally.rateAt(NOW_MS)).toBeCloseTo(5 / 60);
  expect(tally.busiest(9, NOW_MS).map(({ name, transitionCount }) => [name, transitionCount])).toEqual([
    ['b', 3],
    ['a', 1],
  ]);
  expect(tally.busiest(1, NOW_MS)).toHaveLength(1);
  tally.put(packageOf('a', 'Error'));
  tally.remove({ kind: 'package', name: 'c' });
  expect(tally.counts(['package'])[0]?.counts).toEqual({ Error: 2 });
});

test('the screen marks what cannot be trusted', () => {
  const tally = new Tally();
  tally.replace([packageOf('b', 'Running', { stale: true })]);
  tally.step(step('b', 0));
  expect(screenLines(tally, { paint: painter(false), count: 3, nowMs: NOW_MS })).toContain(
    'b                  ~Running (stale)   1',
  );
});
