import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import type { StateManagerClient, Watched } from '../src/index.ts';
import { client, failure, nobody, proxy, server, until } from './harness.ts';
import { refuse } from './server.ts';
import type { WatchScript } from './server.ts';

const resource = (name: string) => ({ kind: 'model', name, state: 'Running' });
const part = (revision: bigint, name: string, complete: boolean) => ({
  revision,
  message: { case: 'snapshot' as const, value: { resources: [resource(name)], complete } },
});
const changes = (revision: bigint, name: string) => ({
  revision,
  message: { case: 'changes' as const, value: { events: [{ resource: resource(name) }] } },
});
const bookmark = (revision: bigint) => ({ revision, message: { case: 'bookmark' as const, value: {} } });
const resync = { revision: 9n, message: { case: 'resync' as const, value: { reason: 'gone' } } };

/** Says these messages, and then fails, or waits until the reader has gone. */
const says = (messages: readonly object[], failsWith?: ConnectError): WatchScript =>
  async function* (_, signal) {
    yield* messages;
    if (failsWith !== undefined) throw failsWith;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };

/** What a watch says in short, until so many things were said. */
async function heard(caller: StateManagerClient, count: number, afterRevision = 0n): Promise<string[]> {
  const all: string[] = [];
  for await (const watched of caller.watch({}, { afterRevision })) {
    all.push(shortOf(watched));
    if (all.length === count) break;
  }
  return all;
}

function shortOf(watched: Watched): string {
  switch (watched.type) {
    case 'snapshot':
      return `snapshot ${watched.revision}: ${watched.resources.map(({ name }) => name).join()}`;
    case 'changes':
      return `changes ${watched.revision}: ${watched.events.map((event) => event.resource?.name).join()}`;
    case 'bookmark':
      return `bookmark ${watched.revision}`;
    default:
      return watched.type;
  }
}

test('a lost watch goes on at the next replica, after the last revision', async () => {
  const [first, second] = [await server(), await server()];
  const stopping = new ConnectError('stopping', Code.Unavailable);
  first.watchScript = says([part(3n, 'a', false), part(3n, 'b', true), changes(5n, 'a')], stopping);
  const asked: bigint[] = [];
  second.watchScript = (request, signal) => {
    asked.push(request.afterRevision);
    return says([bookmark(5n), changes(6n, 'b')])(request, signal);
  };
  const all = await heard(client([await nobody(), first, second]), 5);
  expect(all).toEqual(['snapshot 3: a,b', 'changes 5: a', 'lost', 'bookmark 5', 'changes 6: b']);
  expect(asked).toEqual([5n]);
});

test('changes that were missed are said, and a snapshot that broke off begins again', async () => {
  const [first, second] = [await server(), await server()];
  first.watchScript = says([resync, part(9n, 'a', false)], new ConnectError('cut', Code.Unavailable));
  const asked: bigint[] = [];
  second.watchScript = (request, signal) => {
    asked.push(request.afterRevision);
    return says([part(10n, 'z', true)])(request, signal);
  };
  expect(await heard(client([first, second]), 3, 4n)).toEqual(['resync', 'lost', 'snapshot 10: z']);
  expect(asked).toEqual([0n]);
});

test('a replica that freezes is left after a ping', async () => {
  const [first, second] = [await server(), await server()];
  const between = await proxy(first.port);
  first.watchScript = says([part(3n, 'a', true)]);
  second.watchScript = says([bookmark(3n)]);
  const caller = client([between, second], { keepAliveIntervalMs: 50, keepAliveTimeoutMs: 100 });
  const watch = caller.watch();
  expect((await watch.next()).value).toMatchObject({ type: 'snapshot' });
  between.swallow();
  expect((await watch.next()).value).toMatchObject({ type: 'lost' });
  expect((await watch.next()).value).toMatchObject({ type: 'bookmark', revision: 3n });
  await watch.return(undefined as never);
});

test('what every replica would refuse ends it; a full one is passed over', async () => {
  const [full, second] = [await server(), await server()];
  full.watchScript = says([], new ConnectError('1000 watches', Code.ResourceExhausted));
  second.watchScript = says([], new ConnectError('no such kind', Code.InvalidArgument));
  const error = await failure(heard(client([full, second]), 1));
  expect(error).toMatchObject({ code: 'refused', grpcCode: 'INVALID_ARGUMENT', text: 'no such kind' });
});

test('it ends with its signal, with the client, and with its reader', async () => {
  const only = await server();
  const ended: boolean[] = [];
  only.watchScript = async function* (_, signal) {
    const index = ended.push(false) - 1;
    signal.addEventListener('abort', () => (ended[index] = true));
    yield bookmark(1n);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  const caller = client([only]);
  const abort = new AbortController();
  const signalled = caller.watch({}, { signal: abort.signal });
  await signalled.next();
  const next = failure(signalled.next());
  abort.abort();
  expect(await next).toMatchObject({ code: 'cancelled' });
  expect(await heard(caller, 1)).toEqual(['bookmark 1']);
  const closed = caller.watch();
  await closed.next();
  const pending = failure(closed.next());
  await caller.close();
  expect(await pending).toMatchObject({ code: 'closed' });
  await until(() => expect(ended).toEqual([true, true, true]));
  expect(await failure(caller.watch().next())).toMatchObject({ code: 'closed' });
});

test('close does not wait for a reader that is busy', async () => {
  const only = await server();
  only.watchScript = says([bookmark(1n), bookmark(2n)]);
  const caller = client([only]);
  const watch = caller.watch();
  await watch.next();
  await caller.close();
  await expect(
    (async () => {
      for (;;) await watch.next();
    })(),
  ).rejects.toMatchObject({ code: 'closed' });
});

test('it waits for replicas that are not there yet', async () => {
  const away = await nobody();
  const watch = client([away]).watch();
  const first = watch.next();
  const late = await server(refuse(Code.Internal), away.port);
  late.watchScript = says([bookmark(1n)]);
  expect((await first).value).toMatchObject({ type: 'bookmark' });
  await watch.return(undefined as never);
});
