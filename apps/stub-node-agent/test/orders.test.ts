import { expect, test } from 'vitest';
import { eventually, linesOf, startStand } from './stand.ts';

test('every action takes a container from the states it applies to, and refuses the others', async () => {
  const { order } = await startStand();
  const step = async (action: string) => {
    const { status, body } = await order({ action, container: 'brake-main' });
    const [change] = (body['changed'] ?? []) as { from: string; to: string }[];
    return change === undefined ? `${action}: ${status}` : `${action}: ${change.from} to ${change.to}`;
  };
  const story =
    'start pause pause unpause unpause stop stop crash start crash restart remove remove pause start restart';
  const steps: string[] = [];
  for (const action of story.split(' ')) steps.push(await step(action));
  expect(steps).toEqual([
    'start: 400',
    'pause: running to paused',
    'pause: 400',
    'unpause: paused to running',
    'unpause: 400',
    'stop: running to exited',
    'stop: 400',
    'crash: 400',
    'start: exited to running',
    'crash: running to exited',
    'restart: exited to running',
    'remove: running to removed',
    'remove: 400',
    'pause: 400',
    'start: 400',
    'restart: removed to running',
  ]);
});

test('an order is for everything that fits its node, model and container', async () => {
  const { order } = await startStand();
  const hit = async (target: object) => {
    const { body } = await order({ action: 'restart', ...target });
    return (body['changed'] as { node: string; container: string }[]).map((each) => `${each.node}/${each.container}`);
  };
  expect(await hit({ container: 'brake-watch' })).toEqual(['node-1/brake-watch']);
  expect(await hit({ model: 'radio' })).toEqual(['node-1/radio', 'node-2/radio']);
  expect(await hit({ model: 'radio', node: 'node-2' })).toEqual(['node-2/radio']);
  expect(await hit({ node: 'node-1' })).toEqual(['node-1/brake-main', 'node-1/brake-watch', 'node-1/radio']);
});

test('add and move change what is where', async () => {
  const { order, fleet } = await startStand();
  await order({ action: 'crash', model: 'brake' });
  const moved = await order({ action: 'move', model: 'brake', from: 'node-1', to: 'node-2' });
  expect(moved.status).toBe(200);
  await order({ action: 'add', node: 'node-1', model: 'wiper', containers: [{ name: 'wiper-left' }] });
  await order({ action: 'add', node: 'node-1', model: 'horn' });
  expect(linesOf(await fleet())).toEqual([
    'node-1/radio/radio running',
    'node-1/wiper/wiper-left running',
    'node-1/horn/horn running',
    'node-2/radio/radio running',
    'node-2/brake/brake-main running',
    'node-2/brake/brake-watch running',
  ]);
});

test('an order with afterMs is accepted now and carried out then', async () => {
  const { order, fleet } = await startStand();
  await order({ action: 'crash', model: 'brake' });
  const accepted = await order({ action: 'restart', model: 'brake', afterMs: 50 });
  expect(accepted).toEqual({ status: 202, body: { afterMs: 50 } });
  await eventually(async () => expect(linesOf(await fleet())[0]).toBe('node-1/brake/brake-main running'));
});

test.each([
  ['not json', 400, 'not JSON'],
  ['', 400, 'not JSON'],
  ['null', 400, 'action'],
  [{ action: 'explode' }, 400, 'action: must be one of'],
  [{ action: 'crash' }, 400, 'at least one must be given'],
  [{ action: 'crash', node: 7, exitCode: 0, oom: 'x', to: 'y' }, 400, /node: .*oom: .*exitCode: .*to: /],
  [{ action: 'crash', node: 'node-1', afterMs: -1 }, 400, 'afterMs'],
  [{ action: 'crash', node: 'node-9' }, 404, "there is no node 'node-9'"],
  [{ action: 'crash', model: 'nix' }, 404, "there is no model 'nix'"],
  [{ action: 'crash', model: 'brake', node: 'node-2' }, 404, "there is no model 'brake' on node 'node-2'"],
  [{ action: 'crash', model: 'radio', container: 'nix' }, 404, "there is no container 'nix' in model 'radio'"],
  [{ action: 'move', model: 'brake', from: 'node-1' }, 400, 'to: must be a name'],
  [{ action: 'move', model: 'brake', from: 'node-9', to: 'node-1' }, 404, 'node-9'],
  [{ action: 'move', model: 'brake', from: 'node-2', to: 'node-1' }, 404, "'node-2' has no model 'brake'"],
  [{ action: 'move', model: 'radio', from: 'node-1', to: 'node-2' }, 400, "already has model 'radio'"],
  [{ action: 'add', node: 'node-1', model: 'new', containers: [{ name: 'radio' }] }, 400, "container 'radio'"],
  [{ action: 'add', node: 'node-1', model: 'new', containers: [] }, 400, 'at least one'],
  ['"' + 'x'.repeat(70_000) + '"', 413, '65536 bytes'],
])('%j is refused', async (body, status, error) => {
  const { order, fleet } = await startStand();
  const before = linesOf(await fleet());
  const answer = await order(body);
  expect(answer.status).toBe(status);
  expect(answer.body['error']).toMatch(error);
  expect(linesOf(await fleet())).toEqual(before);
});

test('other paths are answered with what there is', async () => {
  const { url } = await startStand();
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
  for (const [method, path] of [
    ['GET', '/orders'],
    ['POST', '/fleet'],
    ['POST', '/nodes/node-9/hiccup'],
  ] as const) {
    expect((await fetch(url + path, { method })).status, `${method} ${path}`).toBe(404);
  }
});
