import { ActionClientError } from './error.ts';

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

/** Certificates, in PEM. */
export interface TlsOptions {
  /** The authorities that the peer's certificate may come from. */
  ca?: string | Buffer;
  /** What to show to the peer; `key` goes with it. */
  cert?: string | Buffer;
  key?: string | Buffer;
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
    origin: originOf(options.baseUrl),
    tls: options.tls ?? {},
    deadlineMs: millisecondsOf('deadlineMs', options.deadlineMs, 10_000),
    retry: options.retry === false ? false : retryOf(options.retry ?? {}),
    breaker: options.breaker === false ? false : breakerOf(options.breaker ?? {}),
    keepAliveIntervalMs: millisecondsOf('keepAliveIntervalMs', options.keepAliveIntervalMs, 10_000),
    keepAliveTimeoutMs: millisecondsOf('keepAliveTimeoutMs', options.keepAliveTimeoutMs, 5_000),
    connectTimeoutMs: millisecondsOf('connectTimeoutMs', options.connectTimeoutMs, 5_000),
  };
}

function retryOf(retry: RetryOptions): Required<RetryOptions> {
  return {
    maxAttempts: countOf('retry.maxAttempts', retry.maxAttempts, 3),
    initialDelayMs: millisecondsOf('retry.initialDelayMs', retry.initialDelayMs, 200),
    maxDelayMs: millisecondsOf('retry.maxDelayMs', retry.maxDelayMs, 5_000),
  };
}

function breakerOf(breaker: BreakerOptions): Required<BreakerOptions> {
  return {
    maxConsecutiveFailures: countOf('breaker.maxConsecutiveFailures', breaker.maxConsecutiveFailures, 5),
    openMs: millisecondsOf('breaker.openMs', breaker.openMs, 10_000),
  };
}

/** The scheme, host and port of a base URL. Throws `invalid_argument` if it has more than these, or none. */
function originOf(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalid('baseUrl', baseUrl, 'a URL such as http://127.0.0.1:47001');
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw invalid('baseUrl', `${url.origin}/…`, 'only scheme, host and port, such as http://127.0.0.1:47001');
  }
  return url.origin;
}

/** Node's timers overflow beyond this and would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** A duration option, or its default. Throws `invalid_argument`. */
export function millisecondsOf(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (Number.isInteger(value) && value >= 1 && value <= maxTimerMs) return value;
  throw invalid(name, value, `a whole number of milliseconds from 1 to ${maxTimerMs}`);
}

function countOf(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw invalid(name, value, 'a whole number from 1');
}

/** An error that says which argument must be what. */
export function invalid(name: string, value: unknown, wanted: string): ActionClientError {
  return new ActionClientError(
    'invalid_argument',
    `${name} must be ${wanted}, but is ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
  );
}
