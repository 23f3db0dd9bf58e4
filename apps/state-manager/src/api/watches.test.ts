import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError, createContextValues, createHandlerContext } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchModel, type WatchedModel } from '../../test/watch/watched-model.ts';
import { change, recordLog } from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { IDLE_STATUS } from '../../test/kit/reading.ts';
import { CALLER } from '../grpc/caller.ts';
import { Watches, type WatchesOptions } from './watches.ts';

const STALLED = 'a watch whose reader takes nothing is broken off';

let watched: WatchedModel;
let watches: Watches;
let draining: AbortController;
let log: ReturnType<typeof recordLog>;

function serve(options: Partial<WatchesOptions> = {}): void {
  draining = new AbortController();
  log = recordLog();
  watches = new Watches({
    model: watched.model,
    reconcileStatus: IDLE_STATUS,
    bookmarkMs: 60_000,
    stallMs: 60_000,
    maxCount: 2,
    draining: draining.signal,
    log: log.log,
    ...options,
  });
}

/** A call, as Connect would make it. */
class Call {
  readonly breakOff = vi.fn();
  readonly #ended = new AbortController();
  readonly #messages: AsyncGenerator<v1.WatchResourcesResponse>;

  constructor(request: MessageInitShape<typeof v1.WatchResourcesRequestSchema> = {}, isGone = false) {
    if (isGone) this.vanish();
    const context = createHandlerContext({
      service: v1.StateService,
      method: v1.StateService.method.watchResources,
      protocolName: 'grpc',
      requestMethod: 'POST',
      url: 'http://localhost/',
      requestSignal: this.#ended.signal,
      contextValues: createContextValues().set(CALLER, {
        address: '10.0.0.1:5',
        certificate: undefined,
        breakOff: this.breakOff,
      }),
    });
    this.#messages = watches.run(create(v1.WatchResourcesRequestSchema, request), context);
  }

  async next(): Promise<string | undefined> {
    const { value } = (await this.#messages.next()) as IteratorResult<v1.WatchResourcesResponse, undefined>;
    return value?.message.case;
  }

  /** The call ends, and nobody takes what is being written. */
  vanish(): void {
    this.#ended.abort();
  }

  /** How it fails at the next message. */
  async failure(): Promise<ConnectError> {
    return this.next().then(
      (said) => Promise.reject(new Error(`it says ${said}`)),
      (error: unknown) => (error instanceof ConnectError ? error : Promise.reject(error as Error)),
    );
  }
}

beforeEach(async () => {
  watched = await watchModel();
  serve();
});

afterEach(() => watched.stop());

describe('the count of watches', () => {
  it('is limited, and a call that ends makes room for another', async () => {
    const calls = [new Call(), new Call()];
    for (const call of calls) expect(await call.next()).toBe('snapshot');
    const refused = await new Call().failure();
    expect([refused.code, refused.rawMessage]).toEqual([
      Code.ResourceExhausted,
      '2 watches run already (--max-watches-count)',
    ]);
    expect(watches.count).toBe(2);
    // Its generator is in the middle of a yield, and nobody will ask it for more.
    calls[0]?.vanish();
    expect(watches.count).toBe(1);
    expect(await new Call().next()).toBe('snapshot');
  });

  it('does not hold a call that was over before it began', async () => {
    expect((await new Call({}, true).failure()).code).toBe(Code.Canceled);
    expect(watches.count).toBe(0);
  });

  it('does not hold a call that was refused', async () => {
    await new Call({ afterRevision: -1n }).failure();
    expect(watches.count).toBe(0);
  });
});

describe('a reader that takes nothing', () => {
  it('is broken off after a while, once, with a word in the log', async () => {
    serve({ stallMs: 30 });
    const call = new Call();
    await call.next();
    await eventually(() => expect(call.breakOff).toHaveBeenCalledTimes(1));
    expect(log.said(STALLED)).toMatchObject([{ caller: '10.0.0.1:5', ms: 30 }]);
  });

  it('is not one that only has nothing to read', async () => {
    serve({ stallMs: 30 });
    const call = new Call();
    await call.next();
    const next = call.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await watched.manager.submit(change('a'));
    expect(await next).toBe('changes');
    expect(call.breakOff).not.toHaveBeenCalled();
  });

  it('is not one that is gone', async () => {
    serve({ stallMs: 30 });
    const call = new Call();
    await call.next();
    call.vanish();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(call.breakOff).not.toHaveBeenCalled();
    expect(log.said(STALLED)).toEqual([]);
  });
});

describe('a watch', () => {
  it('ends with UNAVAILABLE when the process stops, and none begins', async () => {
    const call = new Call();
    await call.next();
    const failure = call.failure();
    draining.abort();
    const stops = { code: Code.Unavailable, rawMessage: 'StateManager stops; resume on another one' };
    expect(await failure).toMatchObject(stops);
    expect(await new Call().failure()).toMatchObject(stops);
    expect(watches.count).toBe(0);
  });

  it.each([
    ['after_revision', { afterRevision: -1n }],
    ['after_revision', { afterRevision: 2n ** 60n }],
    ['filter.kinds[0]', { filter: { kinds: ['pod'] } }],
    ['filter.states[1]', { filter: { kinds: ['model'], states: ['Dead', 'Error'] } }],
    ['filter.package', { filter: { package: 'a/b' } }],
  ])('is refused with the field that is wrong: %s', async (field, request) => {
    const failure = await new Call(request).failure();
    expect(failure.code).toBe(Code.InvalidArgument);
    expect(failure.details).toMatchObject([{ desc: v1.FieldProblemSchema, value: { field } }]);
  });
});
