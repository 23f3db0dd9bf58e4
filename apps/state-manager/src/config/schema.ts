import { hostname } from 'node:os';
import type { PodStatusName } from '@statemanager/action-client';
import type { PackageState, StateNames } from '@statemanager/state-machine';
import { MAX_TIMER_MS } from '../max-timer.ts';
import {
  address,
  choice,
  exitCodes,
  integer,
  packageStates,
  path,
  storeUrl,
  text,
  url,
  type Address,
  type Parser,
  type StoreUrl,
} from './parsers.ts';

/** One setting: how it is called, read, and explained. */
export interface Setting<T> {
  readonly parse: Parser<T>;
  /** As it would be written on the command line; undefined if there is none. */
  readonly default: string | undefined;
  /** What stands for the value in the help. */
  readonly value: string;
  readonly help: string;
}

function setting<T>(parse: Parser<T>, value: string, fallback: string, help: string): Setting<T> {
  return { parse, default: fallback, value, help };
}

function optional<T>(parse: Parser<T>, value: string, help: string): Setting<T | undefined> {
  return { parse, default: undefined, value, help };
}

const POD_STATUSES: readonly PodStatusName[] = ['NONE', 'INIT', 'READY', 'RUNNING', 'DONE', 'FAILED', 'UNKNOWN'];
const MAX_COUNT = 100_000_000;

/**
 * Every setting, in the order of the help. Each can be given as a flag (`--missing-grace-ms 0`), in the environment
 * (`STATEMANAGER_MISSING_GRACE_MS=0`) or in the file of `--config` (`missing-grace-ms: 0`); the first of these wins.
 */
export const SETTINGS = {
  listen: setting<Address>(
    address,
    '<host:port>',
    '127.0.0.1:47006',
    'where to answer gRPC, gRPC-Web and Connect; port 0 picks a free one',
  ),
  'tls-cert': optional<string>(path, '<file>', 'PEM of the certificate to show; with it everything here is TLS'),
  'tls-key': optional<string>(path, '<file>', 'PEM of the key to --tls-cert'),
  'tls-client-ca': optional<string>(
    path,
    '<file>',
    'PEM of the authorities that callers’ certificates may come from; their names count for --policy',
  ),
  'peer-ca': optional<string>(
    path,
    '<file>',
    'PEM of the authorities that the certificates of ActionController and of other StateManagers may come from',
  ),
  policy: optional<string>(
    path,
    '<file>',
    'YAML that says which names have which roles; without it everybody may everything',
  ),
  tokens: optional<string>(path, '<file>', 'bearer tokens, by their SHA-256, and the names they stand for'),
  'allow-everyone': setting<'yes' | 'no'>(
    choice('yes', 'no'),
    'yes|no',
    'no',
    'answer on other addresses than loopback without --policy, whoever calls',
  ),
  store: setting<StoreUrl>(
    storeUrl,
    '<store>',
    'sqlite:.statemanager/state.db',
    'sqlite:<path>, etcd:<host:port>[,<host:port>…], or memory:',
  ),
  'etcd-ca': optional<string>(
    path,
    '<file>',
    'PEM of the authorities that etcd’s certificate may come from; with it etcd is spoken to in TLS',
  ),
  'etcd-cert': optional<string>(
    path,
    '<file>',
    'PEM of the certificate that this process shows to etcd; with it etcd is spoken to in TLS',
  ),
  'etcd-key': optional<string>(path, '<file>', 'PEM of the key to --etcd-cert'),
  'etcd-user': optional<string>(text, '<text>', 'the user of etcd that this process is'),
  'etcd-password-file': optional<string>(path, '<file>', 'a file with the password of --etcd-user'),
  'etcd-namespace': optional<string>(
    text,
    '<prefix>',
    'a prefix before every key in etcd, so that several fleets can share one',
  ),
  'action-controller': setting<string>(
    url,
    '<url>',
    'http://127.0.0.1:47001',
    'ActionController, which is asked to reconcile and to offload',
  ),
  definitions: optional<string>(path, '<file|dir>', 'YAML documents to put into the store at start where they differ'),
  advertise: optional<Address>(
    address,
    '<host:port>',
    'where other StateManagers on the store reach this one (default: where it listens)',
  ),
  id: optional<string>(
    text,
    '<text>',
    `what this process is called among those on the store (default: ${hostname()}:<port>)`,
  ),
  'state-names': setting<StateNames>(
    choice('bare', 'enum'),
    'bare|enum',
    'bare',
    'how states are stored: Running, or PACKAGE_STATE_RUNNING',
  ),
  'clean-exit-codes': setting<ReadonlySet<number>>(
    exitCodes,
    '<n,…>',
    '0',
    'exit codes that count as Exited; every other one is Dead',
  ),
  'missing-grace-ms': setting<number>(
    integer(0, MAX_TIMER_MS),
    '<ms>',
    '5000',
    'how long a model may have no container before it counts as missing',
  ),
  'missing-as': setting<'dead' | 'exited'>(choice('dead', 'exited'), 'dead|exited', 'dead', 'what a missing model is'),
  'offload-grace-ms': setting<number>(
    integer(0, MAX_TIMER_MS),
    '<ms>',
    '120000',
    'the same grace, while an accepted offload of the model runs',
  ),
  'node-timeout-ms': setting<number>(
    integer(0, MAX_TIMER_MS),
    '<ms>',
    '0',
    'a node that reports nothing for so long is silent, and stale; 0: nodes need not report regularly',
  ),
  'silent-as': setting<'stale' | 'dead'>(
    choice('stale', 'dead'),
    'stale|dead',
    'stale',
    'whether what was alive on a silent node only is stale, or counts as Dead',
  ),
  'silent-grace-ms': setting<number>(
    integer(0, MAX_TIMER_MS),
    '<ms>',
    '30000',
    'how much longer a node may be silent before its containers count as Dead',
  ),
  'reconcile-on': setting<ReadonlySet<PackageState>>(
    packageStates,
    '<state,…>',
    'error',
    'package states that ask for a reconcile: error, degraded',
  ),
  'reconcile-current': setting<PodStatusName>(
    choice(...POD_STATUSES),
    '<status>',
    'failed',
    `what a reconcile says the current status is: ${POD_STATUSES.join(', ').toLowerCase()}`,
  ),
  'reconcile-deadline-ms': setting<number>(
    integer(1, MAX_TIMER_MS),
    '<ms>',
    '10000',
    'how long one call to ActionController may take',
  ),
  'reconcile-initial-backoff-ms': setting<number>(
    integer(1, MAX_TIMER_MS),
    '<ms>',
    '1000',
    'the wait after the first attempt; it doubles with each further one',
  ),
  'reconcile-max-backoff-ms': setting<number>(
    integer(1, MAX_TIMER_MS),
    '<ms>',
    '60000',
    'the longest wait between attempts',
  ),
  'reconcile-heal-ms': setting<number>(
    integer(1, MAX_TIMER_MS),
    '<ms>',
    '30000',
    'how long an accepted reconcile may take to heal before it is asked again',
  ),
  'reconcile-reset-ms': setting<number>(
    integer(1, MAX_TIMER_MS),
    '<ms>',
    '300000',
    'how long a package must be well before its backoff is forgotten',
  ),
  'reconcile-in-flight-count': setting<number>(integer(1, 10_000), '<n>', '16', 'reconciles that may run at once'),
  'watch-journal-count': setting<number>(
    integer(1, MAX_COUNT),
    '<n>',
    '100000',
    'changes that a watch may be behind, counted with the models and nodes they show',
  ),
  'watch-resume-ms': setting<number>(
    integer(0, MAX_TIMER_MS),
    '<ms>',
    '60000',
    'how long changes are kept for a watch that comes back',
  ),
  'watch-bookmark-ms': setting<number>(
    integer(100, MAX_TIMER_MS),
    '<ms>',
    '10000',
    'how often a quiet watch hears how far it is',
  ),
  'watch-stall-ms': setting<number>(
    integer(100, MAX_TIMER_MS),
    '<ms>',
    '30000',
    'a watch that reads nothing for so long is ended',
  ),
  'max-watches-count': setting<number>(integer(1, 1_000_000), '<n>', '1000', 'watches that may run at once'),
  'answer-within-ms': setting<number>(
    integer(1, MAX_TIMER_MS),
    '<ms>',
    '10000',
    'after this a caller hears UNAVAILABLE; a report stays queued',
  ),
  'drain-ms': setting<number>(integer(0, MAX_TIMER_MS), '<ms>', '10000', 'how long a stop waits for what was accepted'),
  'compact-keep-ms': setting<number>(
    integer(0, MAX_TIMER_MS),
    '<ms>',
    '300000',
    'how much of the store’s history is kept, at most 96 MiB of it; 0 leaves it alone',
  ),
  'lease-ttl-seconds': setting<number>(
    integer(1, 3600),
    '<s>',
    '5',
    'how long a silent leader stays the leader (etcd)',
  ),
  'max-message-bytes': setting<number>(
    integer(1024, 1_073_741_824),
    '<n>',
    '16777216',
    'the largest message that is accepted',
  ),
  'max-containers-count': setting<number>(integer(1, 1_000_000), '<n>', '10000', 'the most containers in one report'),
  'max-queue-count': setting<number>(
    integer(1, MAX_COUNT),
    '<n>',
    '10000',
    'requests that may wait for the store; reports always may',
  ),
  'max-resources-count': setting<number>(
    integer(1, MAX_COUNT),
    '<n>',
    '1000000',
    'the most scenarios, packages, models and nodes, each',
  ),
  'removed-kept-count': setting<number>(
    integer(0, MAX_COUNT),
    '<n>',
    '1000',
    'removed resources whose history is kept',
  ),
  'log-level': setting<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'>(
    choice('trace', 'debug', 'info', 'warn', 'error', 'silent'),
    '<level>',
    'info',
    'trace, debug, info, warn, error or silent',
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** All settings, read and checked. */
export type Config = { readonly [N in SettingName]: (typeof SETTINGS)[N] extends Setting<infer T> ? T : never };
