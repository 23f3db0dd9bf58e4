import { expect, test } from 'vitest';
import { waitsMs } from './waits.ts';

test('waits grow exponentially, differ, and stay below the cap', () => {
  const draw = (count: number) => {
    const waits = waitsMs(100, 1_000);
    return Array.from({ length: count }, () => waits.next().value);
  };
  const runs = Array.from({ length: 200 }, () => draw(8));
  for (const waits of runs) for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(0);
  for (const waits of runs) expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
  const mean = (index: number) => runs.reduce((sum, waits) => sum + (waits[index] ?? 0), 0) / runs.length;
  expect(mean(2)).toBeGreaterThan(mean(0));
  expect(new Set(runs.map(([first]) => first)).size).toBeGreaterThan(100);
});
