/** Every way a store operation fails. Closed: a new code is a new major version. */
export type StoreErrorCode =
  /**
   * The store cannot be reached or cannot serve. Try again later. Of a commit, surely nothing was applied; a put,
   * delete or compact, which can be repeated without harm, may have been.
   */
  | 'unavailable'
  /** The caller's mistake: too many operations, a key twice, an empty key. */
  | 'invalid_argument'
  /** The store refused this commit as too large; nothing was applied. */
  | 'too_large'
  /** A watch needs revisions that are gone. */
  | 'compacted'
  /** Another process holds the store's file. */
  | 'locked'
  /** This process no longer leads. */
  | 'deposed'
  /** The store was closed. */
  | 'closed'
  /** The store holds something that it must not hold, or broke its own promise. */
  | 'corrupt';

/** The one error that stores throw. `cause` keeps what the driver said. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Whether `error` is a StoreError, with that code if one is given. */
  static is(error: unknown, code?: StoreErrorCode): error is StoreError {
    return error instanceof StoreError && (code === undefined || error.code === code);
  }
}
