import { expect, test } from 'vitest';
import { painter, wantsColour } from './colour.ts';
import { printable, printableLines } from './printable.ts';
import { tableLines } from './table.ts';
import { legendOf, paintState, stateText } from './trust.ts';

test('columns are as wide as what is in them, colours not counted', () => {
  const rows = [
    ['a', { text: 'Dead', colour: 'bad' as const }, 'x'],
    ['longer', 'Running', 'y'],
  ];
  expect(tableLines(['NAME', 'STATE', 'Z'], rows, painter(false))).toEqual([
    'NAME     STATE     Z',
    'a        Dead      x',
    'longer   Running   y',
  ]);
  expect(tableLines(['NAME', 'STATE', 'Z'], rows, painter(true))[1]).toBe('a        \u001B[31mDead\u001B[0m      x');
});

test('a state that cannot be trusted never looks like one that can', () => {
  const paint = painter(true);
  const healthy = paintState(paint, 'Running', { stale: false, inDoubt: false });
  for (const trust of [
    { stale: true, inDoubt: false },
    { stale: false, inDoubt: true },
    { stale: true, inDoubt: true },
  ]) {
    expect(stateText('Running', trust)).toMatch(/^~Running \((stale|in doubt|stale, in doubt)\)$/);
    expect(paintState(paint, 'Running', trust).slice(0, 5)).not.toBe(healthy.slice(0, 5));
    expect(legendOf([trust]).length).toBe(Number(trust.stale) + Number(trust.inDoubt));
  }
  expect(stateText('', { stale: false, inDoubt: false })).toBe('<none>');
});

test('colours are only for terminals where nobody said no', () => {
  expect(wantsColour(true, undefined, {})).toBe(true);
  expect(wantsColour(true, true, {})).toBe(true);
  expect(wantsColour(false, true, {})).toBe(false);
  expect(wantsColour(true, false, {})).toBe(false);
  expect(wantsColour(true, true, { NO_COLOR: '1' })).toBe(false);
  expect(wantsColour(true, true, { NO_COLOR: '' })).toBe(true);
  expect(wantsColour(true, true, { TERM: 'dumb' })).toBe(false);
});

test('what a peer wrote cannot steer the terminal', () => {
  expect(printable('a\u001B[31mb\r\nc\u202Ed')).toBe('a [31mb c d');
  expect(printableLines('a\nb\u0007\n')).toEqual(['a', 'b ']);
});
