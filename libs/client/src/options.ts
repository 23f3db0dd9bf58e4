import { optionReader } from '@statemanager/grpc-call';
import type { TlsOptions } from '@statemanager/grpc-call';
import { StateManagerClientError } from './error.ts';

/** Reads options and arguments; throws `invalid_argument` that names one. */
export const read = optionReader((message) => new StateManagerClientError('invalid_argument', message));

/** How a client talks to the replicas of one StateManager. All durations are in milliseconds. */
export interface StateManagerClientOptions {
  /** Where they answer: `host:port` each, or `http://host:port`, or `https://host:port`. */
  addresses: readonly string[];
  /** With it, `host:port` is spoken to in TLS. What is absent is Node's default. */
  tls?: TlsOptions;
  /** Sent as `authorization: Bearer …` with every attempt; a function is asked each time. */
  token?: string | (() => string);
  /** How long a call may take, all attempts and waits included. Default 30000. */
  deadlineMs?: number;
  /** How long one attempt of a call that can be repeated may take. Default 12000: StateManager answers within 10000. */
  attemptDeadlineMs?: number;
  /** The waits between rounds of all replicas; `false` makes every call one attempt. Default: see RetryOptions. */
  retry?: false | RetryOptions;
  /** For so long a replica that broke is asked only if every other one has broken too. Default 5000. */
  avoidMs?: number;
  /** A replica that does not speak HTTP/2 within this time is unreachable. Default 2000. */
  connectTimeoutMs?: number;
  /** A connection with open calls is pinged this often; an idle one that was silent longer, before it is used. Default 2000. */
  keepAliveIntervalMs?: number;
  /** A ping without an answer for this long ends the connection. Default 2000. */
  keepAliveTimeoutMs?: number;
}

/** How long to wait once every replica was asked in vain: exponential backoff with jitter. */
export interface RetryOptions {
  /** About how long the first wait is. Default 100. */
  initialDelayMs?: number;
  /** No wait is longer, unless a replica asks for it. Default 2000. */
  maxDelayMs?: number;
}

/** What one call may have of its own. */
export interface CallOptions {
  /** Ends the call, and any wait before its next attempt. */
  signal?: AbortSignal;
  /** How long the whole call may take. Default: the client's. */
  deadlineMs?: number;
}

/** What one watch may have of its own. */
export interface WatchOptions {
  /** Ends the watch, which then throws `cancelled`. */
  signal?: AbortSignal;
  /** Only what came after it, without a snapshot; 0, the default, begins with one. */
  afterRevision?: bigint;
}

/** The options with their defaults, checked. */
export interface Settings {
  origins: readonly string[];
  tls: TlsOptions | undefined;
  token: () => string | undefined;
  deadlineMs: number;
  attemptDeadlineMs: number;
  retry: false | Required<RetryOptions>;
  avoidMs: number;
  connectTimeoutMs: number;
  keepAliveIntervalMs: number;
  keepAliveTimeoutMs: number;
}

/** Fills in the defaults. Throws `invalid_argument` that names the option. */
export function settingsOf(options: StateManagerClientOptions): Settings {
  const { addresses, tls, token } = options;
  if (!Array.isArray(addresses) || addresses.length === 0) {
    throw read.invalid('addresses', addresses, 'a list of one address or more');
  }
  const origins = [...new Set(options.addresses.map((address, i) => originOf(`addresses[${i}]`, address, tls)))];
  return {
    origins,
    tls,
    token: () => checkedToken(typeof token === 'function' ? token() : token),
    deadlineMs: read.milliseconds('deadlineMs', options.deadlineMs, 30_000),
    attemptDeadlineMs: read.milliseconds('attemptDeadlineMs', options.attemptDeadlineMs, 12_000),
    retry: options.retry === false ? false : retryOf(options.retry ?? {}),
    avoidMs: read.milliseconds('avoidMs', options.avoidMs, 5_000),
    connectTimeoutMs: read.milliseconds('connectTimeoutMs', options.connectTimeoutMs, 2_000),
    keepAliveIntervalMs: read.milliseconds('keepAliveIntervalMs', options.keepAliveIntervalMs, 2_000),
    keepAliveTimeoutMs: read.milliseconds('keepAliveTimeoutMs', options.keepAliveTimeoutMs, 2_000),
  };
}

function retryOf(retry: RetryOptions): Required<RetryOptions> {
  return {
    initialDelayMs: read.milliseconds('retry.initialDelayMs', retry.initialDelayMs, 100),
    maxDelayMs: read.milliseconds('retry.maxDelayMs', retry.maxDelayMs, 2_000),
  };
}

const HOST_AND_PORT = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]]+):\d{1,5}$/;

function originOf(name: string, address: string, tls: TlsOptions | undefined): string {
  const isPlain = typeof address === 'string' && HOST_AND_PORT.test(address);
  if (!isPlain && !/^https?:/.test(address)) throw read.invalid(name, address, 'host:port, such as 127.0.0.1:47006');
  const url = isPlain ? `${tls === undefined ? 'http' : 'https'}://${address}` : address;
  const origin = read.origin(name, url, 'http://127.0.0.1:47006');
  if (tls !== undefined && origin.startsWith('http:')) throw read.invalid(name, address, 'https: where tls is given');
  return origin;
}

/** What is no header would fail each attempt as if nobody could be reached. */
function checkedToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new StateManagerClientError('invalid_argument', 'token must be printable ASCII without blanks');
}
