import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhenResult, isBrokenCircuitError } from 'cockatiel';
import type { CircuitBreakerPolicy } from 'cockatiel';
import { textOf } from '@statemanager/grpc-call';
import { ActionClientError } from './error.ts';
import type { BreakerOptions } from './options.ts';

/** Keeps calls back from a peer that does not answer. */
export interface Breaker {
  /** Runs an attempt, or rejects with `circuit_open`. */
  run<T>(attempt: () => Promise<T>): Promise<T>;
  /** Notes that a connection could be made: closes the circuit if it is open because none could. */
  reached(): void;
}

type Outcome<T> = { value: T } | { error: ActionClientError; counts: boolean };

/** A breaker that opens after so many failures in a row without an answer; refusals are answers. `false` never opens. */
export function createBreaker(options: false | Required<BreakerOptions>): Breaker {
  if (options === false) return { run: (attempt) => attempt(), reached: () => undefined };
  let circuit = closedCircuit(options);
  return {
    async run(attempt) {
      // cockatiel asks the wall clock; where that was set back, the circuit would stay open for as long.
      if (isOverdue(circuit, options.openMs)) circuit = closedCircuit(options);
      const outcome = await pass(circuit.policy, attempt);
      if ('error' in outcome) throw outcome.error;
      return outcome.value;
    },
    reached() {
      const { policy } = circuit;
      const failedToConnect = lastErrorOf(policy)?.code === 'unreachable';
      if (policy.state !== CircuitState.Closed && failedToConnect) circuit = closedCircuit(options);
    },
  };
}

interface Circuit {
  policy: CircuitBreakerPolicy;
  /** When it opened last, by both clocks. */
  openedAt: { monotonicMs: number; wallMs: number };
}

function closedCircuit(options: Required<BreakerOptions>): Circuit {
  const failed = handleWhenResult((outcome) => (outcome as { counts?: boolean }).counts === true);
  const policy = circuitBreaker(failed, {
    halfOpenAfter: options.openMs,
    breaker: new ConsecutiveBreaker(options.maxConsecutiveFailures),
  });
  const now = () => ({ monotonicMs: performance.now(), wallMs: Date.now() });
  const circuit: Circuit = { policy, openedAt: now() };
  policy.onBreak(() => (circuit.openedAt = now()));
  return circuit;
}

/** Whether it is open only because the wall clock went back. */
function isOverdue({ policy, openedAt }: Circuit, openMs: number): boolean {
  const isOver = performance.now() - openedAt.monotonicMs > openMs;
  return policy.state === CircuitState.Open && isOver && Date.now() < openedAt.wallMs;
}

async function pass<T>(policy: CircuitBreakerPolicy, attempt: () => Promise<T>): Promise<Outcome<T>> {
  // While one call tries whether the circuit can close, cockatiel would let others wait without an end.
  if (policy.state === CircuitState.HalfOpen) throw circuitOpen(policy);
  const isProbe = policy.state === CircuitState.Open;
  try {
    return await policy.execute(() => settle(attempt, isProbe));
  } catch (error) {
    throw isBrokenCircuitError(error) ? circuitOpen(policy) : error;
  }
}

/** An answer of any kind counts as success. What was cancelled proves nothing, so a cancelled probe keeps the circuit open. */
async function settle<T>(attempt: () => Promise<T>, isProbe: boolean): Promise<Outcome<T>> {
  try {
    return { value: await attempt() };
  } catch (error) {
    if (!(error instanceof ActionClientError)) throw error;
    if (error.code === 'refused') return { error, counts: false };
    if (isFailure(error) || isProbe) return { error, counts: true };
    throw error;
  }
}

function isFailure({ code }: ActionClientError): boolean {
  return code === 'unreachable' || code === 'interrupted' || code === 'deadline_exceeded';
}

function lastErrorOf(policy: CircuitBreakerPolicy): ActionClientError | undefined {
  const failure = policy.lastFailure;
  return failure !== undefined && 'value' in failure
    ? (failure.value as { error?: ActionClientError }).error
    : undefined;
}

function circuitOpen(policy: CircuitBreakerPolicy): ActionClientError {
  const cause = lastErrorOf(policy);
  return new ActionClientError(
    'circuit_open',
    `ActionController did not answer several times in a row, so nothing was sent: try again later ` +
      `(the last failure: ${cause === undefined ? 'unknown' : textOf(cause)})`,
    { cause },
  );
}
