import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { CallFailure, callOnce } from '@statemanager/grpc-call';
import type { Connection } from '@statemanager/grpc-call';
import { failureOf } from './failure.ts';

/** An answer is a sentence or two; more than this is refused unread. */
const maxAnswerBytes = 1024 * 1024;

/** What one attempt is given. */
export interface AttemptTerms {
  /** Aborted with an `ActionClientError` when the caller cancels or the client is closed. */
  signal: AbortSignal;
  deadlineMs: number;
  headers: Headers;
}

/** Sends a request once and waits for the answer. Rejects with an `ActionClientError`. */
export async function attempt<I extends DescMessage, O extends DescMessage>(
  connection: Connection,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  terms: AttemptTerms,
): Promise<MessageShape<O>> {
  try {
    return await callOnce(connection, method, request, { ...terms, maxAnswerBytes });
  } catch (reason) {
    if (!(reason instanceof CallFailure)) throw reason;
    throw failureOf(reason, { origin: connection.origin, method: method.name, deadlineMs: terms.deadlineMs });
  }
}
