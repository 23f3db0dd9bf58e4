/** A field of a request that is wrong. The edge turns it into INVALID_ARGUMENT with a machine-readable detail. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
  readonly field: string;
  readonly problem: string;
  readonly allowedValues: readonly string[];

  constructor(field: string, problem: string, allowedValues: readonly string[] = []) {
    const allowed = allowedValues.length === 0 ? '' : `; allowed are ${allowedValues.join(', ')}`;
    super(`${field}: ${problem}${allowed}`);
    this.field = field;
    this.problem = problem;
    this.allowedValues = allowedValues;
  }
}
