import { ActionClientError, type ActionClient, type ActionClientErrorCode } from '@statemanager/action-client';
import { describe, expect, it } from 'vitest';
import { INTENT_ID_METADATA, Sender } from './sender.ts';

const never = new AbortController().signal;

/** A client that only reconciles and reaches, as a test says. */
function senderWith(parts: Partial<ActionClient>): Sender {
  return new Sender(parts as ActionClient, 'DONE', 1234);
}

describe('the sender', () => {
  it('asks for a running package, with its deadline, and the intent in the metadata', async () => {
    const asked: unknown[] = [];
    const sender = senderWith({
      reconcile: (request, options) => {
        asked.push(request, options);
        return Promise.resolve({ desc: 'on it' });
      },
    });
    expect(await sender.reconcile('s', 'p/2', never)).toEqual({ outcome: 'accepted', detail: 'on it' });
    expect(asked).toEqual([
      { scenarioName: 's', current: 'DONE', desired: 'RUNNING' },
      { signal: never, deadlineMs: 1234, metadata: { [INTENT_ID_METADATA]: 'p%2F2' } },
    ]);
  });

  it.each<[ActionClientErrorCode, string]>([
    ['unreachable', 'unreachable'],
    ['circuit_open', 'unreachable'],
    ['refused', 'refused'],
    ['interrupted', 'failed'],
    ['deadline_exceeded', 'failed'],
    ['cancelled', 'failed'],
    ['closed', 'failed'],
    ['invalid_argument', 'failed'],
  ])('takes %s for %s', async (code, outcome) => {
    const sender = senderWith({ reconcile: () => Promise.reject(new ActionClientError(code, 'why')) });
    expect(await sender.reconcile('s', 'p/2', never)).toEqual({ outcome, detail: 'why' });
  });

  it('takes any other fault for a failure: the attempt counts', async () => {
    const sender = senderWith({ reconcile: () => Promise.reject(new Error('a fault')) });
    expect(await sender.reconcile('s', 'p/2', never)).toEqual({ outcome: 'failed', detail: 'a fault' });
  });

  it('says whether ActionController can be reached', async () => {
    expect(await senderWith({ reach: () => Promise.resolve() }).canReach(never)).toBe(true);
    const away = senderWith({ reach: () => Promise.reject(new ActionClientError('unreachable', 'no')) });
    expect(await away.canReach(never)).toBe(false);
  });
});
