import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { recordLog, report } from '../../test/kit/engine.ts';
import { Intake } from '../engine/intake.ts';
import type { Outcome } from '../engine/decide-batch.ts';
import { lastWordKnown, type LeaderCall } from './leader-link.ts';
import { ReportForwarder, type ReportForwarderOptions } from './report-forwarder.ts';

/** What a leader does with the calls that come, one after the other. */
type Answers = readonly (string | ConnectError)[];

function forward(
  answers: Answers,
  { log } = recordLog(),
): { readonly sent: LeaderCall['headers'][]; readonly intake: Intake<Outcome> } {
  const intake = new Intake<Outcome>({ maxQueueCount: 10, answerWithinMs: 5000 });
  const sent: LeaderCall['headers'][] = [];
  const call = (_method: unknown, _request: unknown, { headers }: LeaderCall): Promise<unknown> => {
    const answer = answers[sent.length] as string | ConnectError;
    sent.push({ ...headers });
    return typeof answer === 'string' ? Promise.resolve({ resp: answer }) : Promise.reject(answer);
  };
  const link = { isThere: true, call } as unknown as ReportForwarderOptions['link'];
  const forwarder = new ReportForwarder({ queue: intake.queue, link, log });
  setImmediate(() => forwarder.onWaiting());
  return { sent, intake };
}

describe('a report that the leader may have something newer than', () => {
  it('is told again, as newer than what the leader has, if it came here after that', async () => {
    const { sent, intake } = forward([lastWordKnown({ number: 7, agoMs: 60_000 }), 'taken']);
    const outcome = await intake.submit({ ...report('n'), at: Date.now() });
    expect(outcome).toMatchObject({ accepted: true, message: 'taken' });
    expect(sent).toEqual([{}, { 'statemanager-newer-than': '7' }]);
  });

  it('is answered and dropped if it came here before that', async () => {
    const { sent, intake } = forward([lastWordKnown({ number: 7, agoMs: 1000 })]);
    const outcome = await intake.submit({ ...report('n'), at: Date.now() - 60_000, held: true });
    expect(outcome).toMatchObject({ accepted: true, message: 'node n: a newer report is known' });
    expect(sent).toHaveLength(1);
  });

  it('is asked about anew when its node has spoken again meanwhile', async () => {
    const refusals = [7, 8].map((number) => lastWordKnown({ number, agoMs: 60_000 }));
    const { sent, intake } = forward([...refusals, 'taken']);
    await intake.submit({ ...report('n'), at: Date.now() });
    expect(sent.map((headers) => headers?.['statemanager-newer-than'])).toEqual([undefined, '7', '8']);
  });
});

it('a leader that does not let it in is asked again, because a policy can be put right, and that is said once', async () => {
  const denied = [Code.PermissionDenied, Code.Unauthenticated].map((code) => new ConnectError('not you', code));
  const recorded = recordLog();
  const { sent, intake } = forward([...denied, 'taken'], recorded);
  expect(await intake.submit(report('n'))).toMatchObject({ accepted: true, message: 'taken' });
  expect(sent).toHaveLength(3);
  expect(recorded.said('the leader does not let this StateManager in; reports wait')).toHaveLength(1);
});
