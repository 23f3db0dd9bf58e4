import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createContextValues } from '@connectrpc/connect';
import { statemanager } from '@statemanager/proto';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordLog, report } from '../../test/kit/engine.ts';
import type { Outcome } from '../engine/decide-batch.ts';
import { InputQueue } from '../engine/input-queue.ts';
import { Forwarder, type ForwardableContext } from './forwarder.ts';
import { nobodyLeads, type LeaderLink } from './leader-link.ts';
import { ReportForwarder } from './report-forwarder.ts';

const { sendStateChange } = statemanager.StateManagerConnection.method;
const request = create(statemanager.StateChangeSchema);

/** What the next tries come to; after the last of them, the leader answers. */
let failures: Error[];
const link = {
  isThere: true,
  call: (method) => {
    const failure = failures.shift();
    return failure === undefined ? Promise.resolve(create(method.output)) : Promise.reject(failure);
  },
} as Pick<LeaderLink, 'isThere' | 'call'>;

beforeEach(() => {
  failures = [];
});

describe('tries to have a call answered', () => {
  const contextOf = (signal: AbortSignal): ForwardableContext => ({
    signal,
    timeoutMs: () => undefined,
    requestHeader: new Headers(),
    values: createContextValues(),
  });

  function start(): { readonly forwarder: Forwarder; readonly ask: (signal?: AbortSignal) => Promise<unknown> } {
    const manager = { leads: false };
    const forwarder = new Forwarder({ manager, link, answerWithinMs: 5000, maxWaitingCount: 10 });
    const serve = forwarder.serve(sendStateChange, true, () => Promise.reject(new Error('not here')));
    return { forwarder, ask: (signal = new AbortController().signal) => serve(request, contextOf(signal)) };
  }

  it('are counted by what they come to', async () => {
    const { forwarder, ask } = start();
    failures = [nobodyLeads('not I'), new ConnectError('lost', Code.Unavailable)];
    await ask();
    failures = [new ConnectError('no', Code.InvalidArgument)];
    await expect(ask()).rejects.toThrow('no');
    const over = new AbortController();
    over.abort();
    failures = [new ConnectError('gone', Code.Canceled)];
    await expect(ask(over.signal)).rejects.toThrow('gave up');
    expect(forwarder.counts).toEqual({ answered: 1, again: 2, failed: 1, cancelled: 1 });
  });
});

it('tries to bring a report to the leader are counted by what they come to', async () => {
  const queue = new InputQueue<Outcome>(10);
  const { log } = recordLog();
  const forwarder = new ReportForwarder({ queue, link, log });
  const bring = (): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      queue.add(report('n'), { resolve, reject });
      forwarder.onWaiting();
    });
  failures = [nobodyLeads('not I')];
  await bring();
  failures = [new ConnectError('too many', Code.ResourceExhausted)];
  await expect(bring()).rejects.toThrow('too many');
  expect(forwarder.counts).toEqual({ answered: 1, again: 1, failed: 1, cancelled: 0 });
});
