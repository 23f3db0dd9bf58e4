import { once } from 'node:events';
import { createServer, type ClientHttp2Session, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { GuardedSessions } from './guarded-sessions.ts';

it.each<[string, (sessions: GuardedSessions) => void]>([
  ['closed', (sessions) => sessions.abort()],
  ['used again', (sessions) => void useAgain(sessions)],
])('a session whose server goes away ends quietly when it is %s at that moment', async (_, act) => {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtException', note);
  const server = createServer((_request, response) => response.end());
  const accepted: ServerHttp2Session[] = [];
  server.on('session', (session) => accepted.push(session));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const sessions = new GuardedSessions(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    process.off('uncaughtException', note);
    sessions.abort();
    server.close();
  });
  const stream = await sessions.request('POST', '/', {}, {});
  const session = stream.session as ClientHttp2Session;
  await once(stream.end().resume(), 'close');
  const gone = once(session, 'goaway');
  session.on('goaway', () => act(sessions));
  accepted[0]?.close();
  await gone;
  await sleep(50);
  expect(uncaught).toEqual([]);
});

/** Whoever makes a call listens to its stream. */
async function useAgain(sessions: GuardedSessions): Promise<void> {
  const stream = await sessions.request('POST', '/', {}, {}).catch(() => undefined);
  stream?.on('error', () => undefined);
  stream?.end().resume();
}
