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

/** Why a store is `unavailable`, where that is known: what an operator has to look at. Closed, like the codes. */
export type StoreErrorReason =
  /** Nothing answers at its address, or the connection broke. */
  | 'unreachable'
  /** It was reached, and did not answer in time. */
  | 'timeout'
  /** Its servers have no leader: too few of them reach each other, or an election is under way. */
  | 'no_leader'
  /** Its quota or its disk is full. It may still be read. */
  | 'no_space'
  /** Its medium cannot be written. */
  | 'read_only'
  /** It does not take the user and the password, or wants some and was given none. */
  | 'unauthenticated'
  /** The user may not read or write these keys. */
  | 'permission_denied'
  /** One side does not trust the other's certificate. */
  | 'untrusted'
  /** It has more to do than it takes. */
  | 'overloaded';

/** The one error that stores throw. `cause` keeps what the driver said. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  /** Only with the code `unavailable`, and only where it is known. */
  readonly reason?: StoreErrorReason;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions & { readonly reason?: StoreErrorReason }) {
    super(message, options);
    this.code = code;
    if (options?.reason !== undefined) this.reason = options.reason;
  }

  /** Whether `error` is a StoreError, with that code if one is given. */
  static is(error: unknown, code?: StoreErrorCode): error is StoreError {
    return error instanceof StoreError && (code === undefined || error.code === code);
  }
}
