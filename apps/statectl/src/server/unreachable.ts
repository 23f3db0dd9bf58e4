import { Code, type ConnectError } from '@connectrpc/connect';
import { formatDuration } from '../duration.ts';
import { StatectlError } from '../failure.ts';

/** One server that did not answer. */
export interface Attempt {
  readonly address: string;
  readonly error: ConnectError;
}

/** Says of every server that was asked why it did not answer, and what to look at. */
export function unreachable(attempts: readonly Attempt[], timeoutMs: number): StatectlError {
  const reasons = attempts.map(({ address, error }) => `${address}: ${reasonOf(error, timeoutMs)}`);
  const last = attempts.at(-1)?.error;
  const answered = last?.cause === undefined && last?.code === Code.Unavailable;
  const hints = answered
    ? ['It runs: look at its log and its store.']
    : [
        'Is StateManager running there? Another one is named by --server host:port, STATECTL_SERVER or --context.',
        ...(last?.code === Code.DeadlineExceeded ? ['A slow one is given more time by --timeout.'] : []),
      ];
  const [one, many] = answered
    ? ['StateManager does not serve', 'no StateManager serves']
    : ['cannot reach StateManager', 'cannot reach any StateManager'];
  const message = attempts.length === 1 ? `${one} at ${reasons[0] ?? ''}` : [many, ...reasons].join('\n  ');
  return new StatectlError('unreachable', message, hints, last);
}

/** Why one server did not answer, in a few words. */
export function reasonOf(error: ConnectError, timeoutMs: number): string {
  if (error.code === Code.DeadlineExceeded) return `no answer within ${formatDuration(timeoutMs)}`;
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    const words = 'code' in cause ? WORDS.get(String(cause.code)) : undefined;
    if (words !== undefined) return words;
  }
  return error.rawMessage;
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'the connection was reset'],
  ['ETIMEDOUT', 'the connection timed out'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ENETUNREACH', 'no route to the network'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'the name service does not answer'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is not from an authority in --ca'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate is not from an authority in --ca'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate is not from an authority in --ca'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its certificate is not from an authority in --ca'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['EPROTO', 'it does not speak TLS'],
  ['EPIPE', 'the connection was closed'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'the connection was closed'],
]);
