import { expect, test } from 'vitest';
import { accept, change, definePackage, newWorld, type World } from '../test/world.ts';

function comeAndGo(world: World, name: string): void {
  accept(world, definePackage(name, []));
  accept(world, { type: 'package-undefined', name });
}

test('a removed resource’s generation goes on when it comes again', () => {
  const world = newWorld();
  comeAndGo(world, 'p');
  expect(world.view.record('package', 'p')).toMatchObject({ state: null, generation: 2 });
  comeAndGo(world, 'p');
  expect(world.transitions.map((t) => t.generation)).toEqual([1, 2, 3, 4]);
});

test('beyond as many as are kept, the one that was removed first is forgotten', () => {
  const world = newWorld({ removedKeptCount: 2 });
  for (const name of ['a', 'b', 'c']) comeAndGo(world, name);
  expect(world.view.record('package', 'a')).toBeUndefined();
  expect([...world.view.removed()]).toEqual(['package/b', 'package/c']);
  expect(world.view.removedCount()).toBe(2);
  comeAndGo(world, 'b');
  comeAndGo(world, 'd');
  expect([...world.view.removed()]).toEqual(['package/b', 'package/d']);
  comeAndGo(world, 'a');
  expect(world.view.record('package', 'a')?.generation).toBe(2);
});

test('what lives again is not among the removed', () => {
  const world = newWorld({ removedKeptCount: 1 });
  comeAndGo(world, 'a');
  accept(world, change('package', 'a', 'Paused'));
  expect(world.view.removedCount()).toBe(0);
  comeAndGo(world, 'b');
  expect(world.view.record('package', 'a')).toMatchObject({ state: 'Paused', generation: 3 });
});

test('none are kept where the operator says so', () => {
  const world = newWorld({ removedKeptCount: 0 });
  comeAndGo(world, 'a');
  expect([...world.view.names('package')]).toEqual([]);
});
