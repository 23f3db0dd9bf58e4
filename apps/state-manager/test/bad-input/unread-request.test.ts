import { describe, expect, it } from 'vitest';
import { rawCall, type RawAnswer, type RawCall } from './raw-call.ts';
import { useUntouchedWorld } from './untouched.ts';
import { frame } from './wire-format.ts';

const RESOURCE_EXHAUSTED = { grpc: 8 };

/** More than the service takes, and more than a connection may send without somebody who reads. */
const body = frame(Buffer.alloc(4_194_304));

describe('a request that is answered before all of it was read', () => {
  const world = useUntouchedWorld(['--max-message-bytes', '1048576']);

  it.each<[string, RawCall, Partial<RawAnswer>]>([
    ['of a stream', { path: '/statemanager.v1.StateService/WatchResources' }, RESOURCE_EXHAUSTED],
    ['of our API', { path: '/statemanager.v1.StateService/ListResources' }, RESOURCE_EXHAUSTED],
    ['of a peer', { method: 'SendStateChange' }, RESOURCE_EXHAUSTED],
    ['of a NodeAgent', { method: 'SendChangedContainerList' }, RESOURCE_EXHAUSTED],
    ['of a method that does not exist', { method: 'Nothing' }, { http: 404 }],
  ])('%s: it gets its answer, and is over soon, although its caller would go on', async (_, call, expected) => {
    const began = performance.now();
    const answer = await rawCall(world().service.address, { ...call, body });
    expect(performance.now() - began, 'as long as a stop would have to wait').toBeLessThan(8000);
    expect(answer).toMatchObject({ ...expected, error: undefined });
  });
});
