import type { GrpcCodeName } from './grpc-code.ts';

/**
 * How a call went that did not succeed. The list is closed.
 *
 * - `unsent`: there was no connection. It was surely not done.
 * - `not_begun`: the peer said that it did not look at it, or the connection ended before it was sent. Surely not done.
 * - `out_of_time`: it was sent, and its deadline passed before the answer. It may have been done.
 * - `interrupted`: it was sent, and the connection was lost before the answer. It may have been done.
 * - `answered`: with a gRPC error, or with something that is no gRPC answer.
 */
export type Fate = 'unsent' | 'not_begun' | 'out_of_time' | 'interrupted' | 'answered';

/** Why one call has no answer that can be used. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly fate: Fate;
  /** With `answered`: its status code; INTERNAL for an answer that cannot be read. */
  readonly grpcCode: GrpcCodeName | undefined;
  /** With `answered`: what the peer said, in its own words. */
  readonly text: string | undefined;
  /** Headers and trailers of the answer, as far as there was one. */
  readonly metadata: Headers;

  constructor(
    fate: Fate,
    cause: unknown,
    details: { message: string; metadata: Headers; grpcCode?: GrpcCodeName; text?: string },
  ) {
    super(details.message, { cause });
    this.fate = fate;
    this.grpcCode = details.grpcCode;
    this.text = details.text;
    this.metadata = details.metadata;
  }
}
