import { Code } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { client, failure, nobody, report, server, until } from './harness.ts';
import { accept, hang, refuse } from './server.ts';
import type { ReceivedCall } from './server.ts';

const textOf = ({ request }: ReceivedCall) => (request as { containers: { id: string }[] }).containers[0]?.id;

test('of each node one report is under way, and of those that wait the newest is sent', async () => {
  const only = await server();
  const caller = client([only]);
  let answer: (() => void) | undefined;
  only.script = () => new Promise((resolve) => (answer = resolve));
  const first = caller.report(report('a', '1'));
  await until(() => expect(answer).toBeDefined());
  only.script = accept;
  const rest = ['2', '3', '4'].map((text) => caller.report(report('a', text)));
  expect(await caller.report(report('b', 'b1'))).toEqual({ message: 'b1' });
  answer?.();
  expect(await first).toEqual({ message: '1' });
  expect(await Promise.all(rest)).toEqual(Array.from({ length: 3 }, () => ({ message: '4' })));
  expect(only.calls.map(textOf)).toEqual(['1', 'b1', '4']);
});

test('a report that cannot be brought is replaced by a newer one, never sent after it', async () => {
  const [first, second] = [await server(refuse(Code.Unavailable)), await server(refuse(Code.Unavailable))];
  const caller = client([first, second]);
  const old = caller.report(report('a', 'old'));
  await until(() => expect(first.calls.length).toBeGreaterThan(1));
  const newest = caller.report(report('a', 'new'));
  await until(() => expect(first.calls.map(textOf)).toContain('new'));
  first.script = second.script = accept;
  expect(await Promise.all([old, newest])).toEqual([{ message: 'new' }, { message: 'new' }]);
  for (const { calls } of [first, second]) {
    const texts = calls.map(textOf);
    expect(texts.toSorted((a, b) => Number(a === 'new') - Number(b === 'new'))).toEqual(texts);
  }
});

test('every caller has a deadline of its own', async () => {
  const caller = client([await nobody()]);
  const short = failure(caller.report(report('a', '1'), { deadlineMs: 100 }));
  const long = failure(caller.report(report('a', '2'), { deadlineMs: 600 }));
  const begunMs = performance.now();
  expect((await short).code).toMatch(/deadline_exceeded|unreachable/);
  expect(performance.now() - begunMs).toBeLessThan(450);
  expect((await long).code).toMatch(/deadline_exceeded|unreachable/);
});

test('a caller that gives up does not take along what others wait for', async () => {
  const only = await server(hang);
  const caller = client([only]);
  const abort = new AbortController();
  const given = failure(caller.report(report('a', '1'), { signal: abort.signal }));
  await until(() => expect(only.calls).toHaveLength(1));
  const other = caller.report(report('a', '2'), { deadlineMs: 20_000 });
  abort.abort();
  expect(await given).toMatchObject({ code: 'cancelled' });
  only.script = accept;
  only.cut();
  expect(await other).toEqual({ message: '2' });
});

test('what nobody waits for any more is withdrawn, and the node can be reported again', async () => {
  const only = await server(hang);
  const caller = client([only]);
  const abort = new AbortController();
  const given = failure(caller.report(report('a', '1'), { signal: abort.signal }));
  await until(() => expect(only.calls).toHaveLength(1));
  abort.abort();
  await given;
  await until(() => expect(only.calls[0]?.signal.aborted).toBe(true));
  only.script = accept;
  expect(await caller.report(report('a', '2'))).toEqual({ message: '2' });
});

test('a report that is refused is not repeated, and the next one is sent', async () => {
  const only = await server(refuse(Code.ResourceExhausted));
  const caller = client([only]);
  const refused = { code: 'refused', grpcCode: 'RESOURCE_EXHAUSTED' };
  expect(await failure(caller.report(report('a', '1')))).toMatchObject(refused);
  only.script = accept;
  expect(await caller.report(report('a', '2'))).toEqual({ message: '2' });
  expect(only.calls).toHaveLength(2);
});
