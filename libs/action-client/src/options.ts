import type { TlsOptions } from '@statemanager/grpc-call';
import { optionReader } from '@statemanager/grpc-call';
import { ActionClientError } from './error.ts';

/** Reads options and arguments; throws `invalid_argument` that names one. */
export const read = optionReader((message) => new ActionClientError('invalid_argument', message));

/** How a client talks to ActionController. All durations are in milliseconds. */
export interface ActionClientOptions {
  /** `http://host:port` (HTTP/2 without TLS, what Pullpiri speaks) or `https://host:port`. */
  baseUrl: string;
  /** For `https`: what to trust, and what to show, in PEM. Default: the authorities that Node knows, and nothing. */
  tls?: TlsOptions;
  /** How long one attempt may take, connecting included. Default 10000. */
  deadlineMs?: number;
  /** When to try again; `false` for callers that repeat calls themselves. Default: see RetryOptions. */
  retry?: false | RetryOptions;
  /** When to stop calling for a while; `false` never does. Default: see BreakerOptions. */
  breaker?: false | BreakerOptions;
  /** A connection with open calls is pinged this often; an idle one that was silent longer, before it is used. Default 10000. */
  keepAliveIntervalMs?: number;
  /** A ping without an answer for this long ends the connection. Default 5000. */
  keepAliveTimeoutMs?: number;
  /** A peer that does not speak HTTP/2 within this time is unreachable. Default 5000. */
  connectTimeoutMs?: number;
}

/** How failed attempts are repeated: exponential backoff with jitter. */
export interface RetryOptions {
  /** All attempts of a call, the first one included. Default 3. */
  maxAttempts?: number;
  /** About how long the first wait is. Default 200. */
  initialDelayMs?: number;
  /** No wait is longer. Default 5000. */
  maxDelayMs?: number;
}

/** When the circuit opens, and for how long. */
export interface BreakerOptions {
  /** So many attempts in a row that failed without an answer open the circuit. Default 5. */
  maxConsecutiveFailures?: number;
  /** After this time one call is let through to see whether it closes again. Default 10000. */
  openMs?: number;
}

/** What one call may have of its own. */
export interface CallOptions {
  /** Ends the call, and any wait before its next attempt. */
  signal?: AbortSignal;
  /** How long one attempt of this call may take. Default: the client's. */
  deadlineMs?: number;
  /** Sent as gRPC metadata: names of `a-z 0-9 _ . -`, values of printable ASCII. */
  metadata?: Readonly<Record<string, string>>;
}

/** For `reach`. */
export interface ReachOptions {
  /** Ends the wait. */
  signal?: AbortSignal;
}

/** For `waitUntilReachable`. */
export interface WaitOptions extends ReachOptions {
  /** About how long the first wait between two tries is. Default 250. */
  pollMs?: number;
  /** No wait is longer. Default 2000. */
  maxPollMs?: number;
}

/** The options with their defaults, checked. */
export interface Settings {
  origin: string;
  tls: TlsOptions;
  deadlineMs: number;
  retry: false | Required<RetryOptions>;
  breaker: false | Required<BreakerOptions>;
  keepAliveIntervalMs: number;
  keepAliveTimeoutMs: number;
  connectTimeoutMs: number;
}

/** Fills in the defaults. Throws `invalid_argument` that names the option. */
export function settingsOf(options: ActionClientOptions): Settings {
  return {
    origin: read.origin('baseUrl', options.baseUrl, 'http://127.0.0.1:47001'),
    tls: options.tls ?? {},
    deadlineMs: read.milliseconds('deadlineMs', options.deadlineMs, 10_000),
    retry: options.retry === false ? false : retryOf(options.retry ?? {}),
    breaker: options.breaker === false ? false : breakerOf(options.breaker ?? {}),
    keepAliveIntervalMs: read.milliseconds('keepAliveIntervalMs', options.keepAliveIntervalMs, 10_000),
    keepAliveTimeoutMs: read.milliseconds('keepAliveTimeoutMs', options.keepAliveTimeoutMs, 5_000),
    connectTimeoutMs: read.milliseconds('connectTimeoutMs', options.connectTimeoutMs, 5_000),
  };
}

function retryOf(retry: RetryOptions): Required<RetryOptions> {
  return {
    maxAttempts: read.count('retry.maxAttempts', retry.maxAttempts, 3),
    initialDelayMs: read.milliseconds('retry.initialDelayMs', retry.initialDelayMs, 200),
    maxDelayMs: read.milliseconds('retry.maxDelayMs', retry.maxDelayMs, 5_000),
  };
}

function breakerOf(breaker: BreakerOptions): Required<BreakerOptions> {
  return {
    maxConsecutiveFailures: read.count('breaker.maxConsecutiveFailures', breaker.maxConsecutiveFailures, 5),
    openMs: read.milliseconds('breaker.openMs', breaker.openMs, 10_000),
  };
}
