import { expect, test } from 'vitest';
import { CallScopes } from './scopes.ts';
import { whileNotAborted } from './signal.ts';

const scopes = () =>
  new CallScopes({
    cancelled: (reason) => new Error(`cancelled: ${String(reason)}`),
    closed: (when) => new Error(`closed: ${when}`),
  });
const never = (signal: AbortSignal) => whileNotAborted(new Promise<never>(() => undefined), signal);

test('work ends with the caller’s signal', async () => {
  const caller = new AbortController();
  const running = scopes().run(caller.signal, never);
  caller.abort('enough');
  await expect(running).rejects.toThrow('cancelled: enough');
  await expect(scopes().run(caller.signal, never)).rejects.toThrow('cancelled: enough');
});

test('all work ends when it is closed, and nothing begins after that', async () => {
  const all = scopes();
  const running = expect(all.run(undefined, never)).rejects.toThrow('closed: it was closed during this call');
  const entered = all.enter(undefined);
  await all.close();
  await running;
  expect(entered.signal.aborted).toBe(true);
  await expect(all.run(undefined, never)).rejects.toThrow('closed: it was closed before this call');
});

test('what has ended is not touched any more', async () => {
  const all = scopes();
  const caller = new AbortController();
  const scope = all.enter(caller.signal);
  scope.leave();
  caller.abort();
  await all.close();
  expect(scope.signal.aborted).toBe(false);
});
