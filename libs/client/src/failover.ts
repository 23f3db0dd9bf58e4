import { create, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { CallFailure, callOnce, sleep, textOf } from '@statemanager/grpc-call';
import { StateManagerClientError } from './error.ts';
import { attemptOf, EarlierAttempts, errorOf } from './failure.ts';
import type { Attempt } from './failure.ts';
import type { Settings } from './options.ts';
import type { Replicas } from './replicas.ts';
import { mayRepeat, Pacing } from './retry.ts';
import type { CallKind } from './retry.ts';

/** An answer that is longer is refused unread. */
export const maxAnswerBytes = 64 * 1024 * 1024;

/** One call, over as many attempts as it takes. */
export interface Call<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodUnary<I, O>;
  readonly kind: CallKind;
  /** What to send; asked at each attempt. */
  readonly request: () => MessageInitShape<I>;
  /** Aborted with the error to reject with. */
  readonly signal: AbortSignal;
  /** When its time is up, by the monotonic clock, in milliseconds; asked at each attempt. */
  readonly untilMs: () => number;
}

/** Calls whichever replica answers. */
export class Failover {
  readonly #settings: Settings;
  readonly #replicas: Replicas;

  constructor(settings: Settings, replicas: Replicas) {
    this.#settings = settings;
    this.#replicas = replicas;
  }

  /** The headers of one attempt. Throws `invalid_argument` for a token that is none. */
  headers(): Headers {
    const headers = new Headers();
    const token = this.#settings.token();
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return headers;
  }

  /** The answer of the first replica that gives one. Rejects with a StateManagerClientError. */
  async call<I extends DescMessage, O extends DescMessage>(call: Call<I, O>): Promise<MessageShape<O>> {
    const { method, signal } = call;
    const earlier = new EarlierAttempts();
    const { retry } = this.#settings;
    const pacing = retry === false ? undefined : new Pacing(this.#replicas.count, retry);
    for (;;) {
      // What is not to be sent any more must not be asked for either: it would count as sent.
      signal.throwIfAborted();
      const outcome = await this.#attempt(call, earlier);
      if ('answer' in outcome) return outcome.answer;
      const waitMs = mayRepeat(outcome, call.kind) ? pacing?.nextMs(outcome.failure.metadata) : undefined;
      if (waitMs === undefined || performance.now() + waitMs >= call.untilMs()) {
        throw errorOf(method.name, outcome, earlier);
      }
      if (waitMs > 0) await sleep(waitMs, signal);
    }
  }

  async #attempt<I extends DescMessage, O extends DescMessage>(
    { method, kind, request, signal, untilMs }: Call<I, O>,
    earlier: EarlierAttempts,
  ): Promise<{ answer: MessageShape<O> } | Attempt> {
    const replica = this.#replicas.current;
    const sent = request();
    const leftMs = Math.max(1, Math.ceil(untilMs() - performance.now()));
    const deadlineMs = kind === 'once' ? leftMs : Math.min(leftMs, this.#settings.attemptDeadlineMs);
    try {
      const terms = { signal, deadlineMs, headers: this.headers(), maxAnswerBytes };
      const answer = await callOnce(replica.connection, method, sent, terms);
      this.#replicas.works(replica);
      return { answer };
    } catch (reason) {
      if (!(reason instanceof CallFailure)) throw reason;
      if (reason.fate !== 'answered') checkEncodes(method.input, sent);
      const attempt = attemptOf(reason);
      earlier.note(replica.connection.origin, attempt);
      // A call that is refused for what it asks says nothing against the one that refuses it.
      if (attempt.code !== 'refused' || attempt.grpcCode === 'UNAVAILABLE') {
        this.#replicas.leave(replica, attempt.isBroken);
      }
      return attempt;
    }
  }
}

/** What cannot be encoded breaks off its own call, and looks like a connection that was lost. Throws `invalid_argument`. */
export function checkEncodes<I extends DescMessage>(schema: I, request: MessageInitShape<I>): void {
  try {
    toBinary(schema, create(schema, request));
  } catch (cause) {
    throw new StateManagerClientError('invalid_argument', `the request cannot be encoded: ${textOf(cause)}`, { cause });
  }
}
