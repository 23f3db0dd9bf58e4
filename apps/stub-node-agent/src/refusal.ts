/** Why an order or a request is not carried out; nothing has changed then. */
export interface Refusal {
  /** The HTTP status that says the same. */
  readonly status: 400 | 404 | 411 | 413 | 429;
  /** One sentence that names what is wrong. */
  readonly error: string;
}

/** Whether a result is a refusal. */
export function isRefusal(result: object): result is Refusal {
  return 'error' in result;
}
