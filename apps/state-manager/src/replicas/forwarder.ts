import type { DescMessage, DescMethodUnary, MessageShape } from '@bufbuild/protobuf';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { EngineError } from '../engine/engine-error.ts';
import type { Follower } from '../engine/follower.ts';
import type { Manager } from '../manager.ts';
import { PRINCIPAL } from '../access/interceptor.ts';
import type { Tracing } from '../observe/tracing.ts';
import { FORWARDED_BY, ON_BEHALF_OF, RETRY_PUSHBACK_MS } from './headers.ts';
import { mayPass, nobodyLeads, wasNotTaken, type LeaderLink } from './leader-link.ts';
import { countTries } from './tries.ts';

export interface ForwarderOptions {
  readonly manager: Pick<Manager, 'leads'>;
  readonly link: Pick<LeaderLink, 'isThere' | 'call'>;
  /** How long a call waits for a leader, in milliseconds. */
  readonly answerWithinMs: number;
  /** How many calls may wait for one. */
  readonly maxWaitingCount: number;
  readonly tracing?: Tracing | undefined;
}

/** What a call is made of that may have to be forwarded. */
export type ForwardableContext = Pick<HandlerContext, 'signal' | 'timeoutMs' | 'requestHeader' | 'values'>;

/** Answers a unary method's calls. */
type Handler<I extends DescMessage, O extends DescMessage, C> = (
  request: MessageShape<I>,
  context: C,
) => Promise<MessageShape<O>>;

/** A call that only the leader can answer. */
interface LeadersCall<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodUnary<I, O>;
  readonly request: MessageShape<I>;
  readonly context: ForwardableContext;
  readonly repeatable: boolean;
  /** The answer, where this process leads. */
  readonly answer: () => Promise<MessageShape<O>>;
}

/**
 * When a call that failed on its way is tried again, if nothing else happens: a process that was just elected serves a moment
 * later, and does not tell.
 */
const RETRY_MS = { least: 10, most: 200 };

/** What a caller should wait before it tries again, where nobody leads: an election takes about as long. */
const PUSHBACK_MS = 1000;

/**
 * Has calls answered by whoever leads: here, or by another process on the same store. While nobody does they wait. A call
 * that was forwarded to this process is never forwarded again.
 */
export class Forwarder implements Follower {
  readonly #options: ForwarderOptions;
  readonly #waiting = new Set<() => void>();
  #closed = false;
  readonly counts = countTries();

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Refuses what waits for a leader, and whatever would have to from now on. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  onLeader(): void {
    this.#wake();
  }

  onServing(): void {
    this.#wake();
  }

  /**
   * A handler of a method that `answer` answers where this process leads. Its calls throw ConnectError: UNAVAILABLE, with a
   * time to wait, if nobody leads for too long. `repeatable` says that it does no harm to do the same twice: then a call
   * whose answer was lost is made again.
   */
  serve<I extends DescMessage, O extends DescMessage, C extends ForwardableContext>(
    method: DescMethodUnary<I, O>,
    repeatable: boolean,
    answer: Handler<I, O, C>,
  ): Handler<I, O, C> {
    return (request, context) =>
      this.#run({ method, request, context, repeatable, answer: () => answer(request, context) });
  }

  async #run<I extends DescMessage, O extends DescMessage>(call: LeadersCall<I, O>): Promise<MessageShape<O>> {
    const { manager, answerWithinMs } = this.#options;
    const wasForwarded = call.context.requestHeader.has(FORWARDED_BY);
    const until = performance.now() + answerWithinMs;
    let waitMs = RETRY_MS.least;
    for (;;) {
      if (!manager.leads && wasForwarded) throw nobodyLeads('this StateManager does not lead');
      const failure = await (manager.leads ? tryHere(call) : this.#tryLeader(call));
      if (!(failure instanceof ConnectError)) return failure;
      if (wasForwarded) throw failure;
      if (this.#closed) throw nobodyLeads('this StateManager stops; ask another one');
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw inVain(failure, answerWithinMs);
      const hasChanged = await this.#change(Math.min(leftMs, waitMs), call.context.signal);
      waitMs = hasChanged ? RETRY_MS.least : Math.min(waitMs * 2, RETRY_MS.most);
      if (call.context.signal.aborted) throw givenUp(call.context.signal);
    }
  }

  /** The leader's answer, or why there is none yet. Throws what another try would not mend. */
  async #tryLeader<I extends DescMessage, O extends DescMessage>({
    method,
    request,
    context,
    repeatable,
  }: LeadersCall<I, O>): Promise<MessageShape<O> | ConnectError> {
    try {
      const { signal, values } = context;
      const identity = values.get(PRINCIPAL)?.identity;
      const { link, tracing } = this.#options;
      const headers = {
        ...tracing?.headersOf(tracing.cause),
        ...(identity !== undefined && { [ON_BEHALF_OF]: identity }),
      };
      const answer = await link.call(method, request, { signal, timeoutMs: context.timeoutMs(), headers });
      this.counts.answered += 1;
      return answer;
    } catch (error) {
      if (context.signal.aborted) {
        this.counts.cancelled += 1;
        throw givenUp(context.signal);
      }
      if (error instanceof ConnectError && (wasNotTaken(error) || (repeatable && mayPass(error)))) {
        this.counts.again += 1;
        return error;
      }
      this.counts.failed += 1;
      throw error;
    }
  }

  /** Waits for another leader. Resolves with whether there is one, or this process leads; not if the time is up. */
  async #change(withinMs: number, signal: AbortSignal): Promise<boolean> {
    const { maxWaitingCount } = this.#options;
    if (this.#waiting.size >= maxWaitingCount) {
      const count = `${maxWaitingCount} requests wait for a leader already (--max-queue-count)`;
      throw new ConnectError(count, Code.ResourceExhausted);
    }
    return await new Promise<boolean>((resolve) => {
      const settle = (hasChanged: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#waiting.delete(wake);
        resolve(hasChanged);
      };
      const wake = (): void => settle(true);
      const end = (): void => settle(false);
      const timer = setTimeout(end, withinMs);
      signal.addEventListener('abort', end, { once: true });
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** The answer, or why it is another one's to give. */
async function tryHere<I extends DescMessage, O extends DescMessage>({
  answer,
}: LeadersCall<I, O>): Promise<MessageShape<O> | ConnectError> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof EngineError && error.code === 'not_leading') return nobodyLeads(error.message);
    if (error instanceof ConnectError && wasNotTaken(error)) return error;
    throw error;
  }
}

function inVain(failure: ConnectError, withinMs: number): ConnectError {
  const said = failure.rawMessage;
  const rest = wasNotTaken(failure) ? 'nothing was changed' : 'it may still be applied: repeat it';
  const message = `no StateManager that leads answered within ${withinMs} ms (--answer-within-ms): ${said}; ${rest}`;
  return new ConnectError(message, Code.Unavailable, { [RETRY_PUSHBACK_MS]: String(PUSHBACK_MS) });
}

function givenUp({ reason }: AbortSignal): ConnectError {
  return reason instanceof ConnectError ? reason : new ConnectError('the caller gave up', Code.Canceled);
}
