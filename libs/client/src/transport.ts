import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf';
import type { Transport } from '@connectrpc/connect';
import { CallFailure, openStream } from '@statemanager/grpc-call';
import type { CallScopes } from '@statemanager/grpc-call';
import { v1 } from '@statemanager/proto';
import { attemptOf, EarlierAttempts, errorOf } from './failure.ts';
import { maxAnswerBytes } from './failover.ts';
import type { Failover, HeadersLike } from './failover.ts';
import { read } from './options.ts';
import type { Replicas } from './replicas.ts';
import type { CallKind } from './retry.ts';

/** What a transport rests on. */
export interface TransportParts {
  readonly replicas: Replicas;
  readonly failover: Failover;
  readonly scopes: CallScopes;
  /** How long a call may take that does not say so itself, in milliseconds. */
  readonly deadlineMs: number;
}

const { ReconcileService, DefinitionService } = v1;

/** They say how things should be, or what to try soon: twice is the same as once. */
const REPEATABLE: ReadonlySet<DescMethod> = new Set<DescMethod>([
  DefinitionService.method.applyDefinitions,
  ReconcileService.method.retryReconcile,
  ReconcileService.method.pauseReconcile,
  ReconcileService.method.resumeReconcile,
]);

/** Whether a method does no harm when it is called twice: its `.proto` says so, or this list. */
export function kindOf(method: DescMethod): CallKind {
  const isDeclared = method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
  return isDeclared || REPEATABLE.has(method) ? 'repeatable' : 'once';
}

/** A Connect transport that calls whichever replica answers; streams are of one replica, and are not resumed. */
export function createTransport({ replicas, failover, scopes, deadlineMs }: TransportParts): Transport {
  return {
    async unary(method, signal, timeoutMs, headers, input) {
      const untilMs = performance.now() + read.milliseconds('timeoutMs', timeoutMs, deadlineMs);
      const kind = kindOf(method);
      const request = () => input;
      return await scopes.run(signal, (ending) =>
        failover.call({
          method,
          kind,
          request,
          signal: ending,
          untilMs: () => untilMs,
          headers: headers as HeadersLike,
        }),
      );
    },
    async stream(method, signal, timeoutMs, headers, input) {
      const replica = replicas.current;
      const scope = scopes.enter(signal);
      const named = (reason: unknown): unknown => {
        scope.leave();
        if (!(reason instanceof CallFailure)) return reason;
        const attempt = attemptOf(reason);
        const attempts = new EarlierAttempts();
        attempts.note(replica.connection.origin, attempt);
        if (attempt.isBroken) replicas.leave(replica, true);
        return errorOf(method.name, attempt, attempts);
      };
      try {
        const terms = { deadlineMs: timeoutMs, headers: failover.headers(headers as HeadersLike), maxAnswerBytes };
        const response = await openStream(replica.connection, method, input, { ...terms, signal: scope.signal });
        return { ...response, message: reading(response.message, named, () => scope.leave()) };
      } catch (reason) {
        throw named(reason);
      }
    },
  };
}

async function* reading<O extends DescMessage>(
  messages: AsyncIterable<MessageShape<O>>,
  named: (reason: unknown) => unknown,
  done: () => void,
): AsyncGenerator<MessageShape<O>> {
  try {
    yield* messages;
  } catch (reason) {
    throw named(reason);
  } finally {
    done();
  }
}
