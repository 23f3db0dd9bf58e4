import { Code } from '@connectrpc/connect';
import type { HandlerContext } from '@connectrpc/connect';
import { create } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { expect, it } from 'vitest';
import type { PresenceChange, ReadModel } from '../read/read-model.ts';
import { Presence } from '../read/presence.ts';
import { replicaService } from './heard-stream.ts';

it('a follower that does not read is told to ask again, instead of having everything kept for it', async () => {
  let tell = (_: PresenceChange): void => undefined;
  const model = {
    presence: new Presence(),
    followPresence: (listener: typeof tell) => {
      tell = listener;
      return () => undefined;
    },
  };
  model.presence.heard('n0', 1);
  const { signal } = new AbortController();
  const service = replicaService({ leads: true }, model as unknown as ReadModel, signal);
  const context = { signal } as HandlerContext;
  const stream = service.watchHeard(create(v1.WatchHeardRequestSchema), context)[Symbol.asyncIterator]();
  expect((await stream.next()).value).toMatchObject({ heard: [{ name: 'n0' }] });
  tell({ heard: [{ node: 'n1', at: 2 }], silent: [] });
  expect((await stream.next()).value).toMatchObject({ heard: [{ name: 'n1' }] });
  for (let i = 0; i < 20_000; i += 1) tell({ heard: [], silent: ['n1'] });
  await expect(stream.next()).rejects.toMatchObject({ code: Code.Unavailable });
});
