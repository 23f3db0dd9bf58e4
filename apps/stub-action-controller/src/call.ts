import type { JsonValue } from '@bufbuild/protobuf';

/** How a call went: `pending` until it ended; `cut` when its connection was cut, `cancelled` when its caller left. */
export type Outcome = 'pending' | 'answered' | 'failed' | 'cancelled' | 'cut';

/** A call that ActionController received. */
export interface Call {
  /** Counts from 1 since the start, across resets. */
  readonly id: number;
  readonly method: string;
  /** The request's fields by their names in the protocol file, those with default values too. */
  readonly request: JsonValue;
  /** The request's metadata, names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When it came, and when it ended, as ISO times. */
  readonly at: string;
  endedAt?: string;
  outcome: Outcome;
  /** What was answered; the gRPC code's name and text for one that failed. */
  answer?: JsonValue;
  /** The behaviour that a script gave it, if one did. */
  scripted?: string;
}

/** How many calls are remembered; the oldest go first. */
export const MAX_CALLS_COUNT = 10_000;

/** The calls that were received, newest last. */
export interface CallLog {
  readonly calls: Call[];
  /** The id of the latest call. */
  lastId: number;
}

/** Takes a new call down, as pending. */
export function recordCall(log: CallLog, call: Pick<Call, 'method' | 'request' | 'metadata'>): Call {
  const recorded: Call = { id: ++log.lastId, ...call, at: new Date().toISOString(), outcome: 'pending' };
  log.calls.push(recorded);
  if (log.calls.length > MAX_CALLS_COUNT) log.calls.shift();
  return recorded;
}
