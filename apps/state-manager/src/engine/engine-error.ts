/** Why an input was not decided, or not for good. Closed. All but `too_large` pass. */
export type EngineErrorCode =
  /** Too many changes wait already. */
  | 'queue_full'
  /** The store did not take it in time. A report stays queued; a change may still be applied only if it says so. */
  | 'store_unavailable'
  /** The caller gave up before it was decided. */
  | 'cancelled'
  /** What follows from this one input is more than one transaction can hold. */
  | 'too_large'
  /** Another process leads since it was asked. Nothing was changed, or the same request changes nothing more. */
  | 'not_leading'
  /** The process stops. */
  | 'stopping'
  /** It could not be decided because of a fault of ours; nothing was changed. */
  | 'internal';

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
