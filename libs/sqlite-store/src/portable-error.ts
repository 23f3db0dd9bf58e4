import { StoreError } from '@statemanager/state-store';
import type { StoreErrorCode, StoreErrorReason } from '@statemanager/state-store';

/** An error as it goes from one thread to another: a structured clone keeps neither its class nor its properties. */
export interface PortableError {
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a StoreError. */
  readonly store?: { readonly code: StoreErrorCode; readonly reason: StoreErrorReason | undefined };
  /** Of any other: what SQLite says in numbers. */
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly cause?: PortableError;
}

/** Takes an error apart. What is thrown and is no error becomes one. */
export function toPortable(error: unknown): PortableError {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const { message, stack } = error;
  const cause = error.cause === undefined ? {} : { cause: toPortable(error.cause) };
  if (StoreError.is(error)) return { message, stack, store: { code: error.code, reason: error.reason }, ...cause };
  return { message, stack, properties: plainPropertiesOf(error), ...cause };
}

/** Puts an error together again, with the stack that it had where it was thrown. */
export function fromPortable({ message, stack, store, properties, cause }: PortableError): Error {
  const options = cause === undefined ? {} : { cause: fromPortable(cause) };
  const error =
    store === undefined
      ? Object.assign(new Error(message, options), properties)
      : new StoreError(store.code, message, {
          ...options,
          ...(store.reason === undefined ? {} : { reason: store.reason }),
        });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function plainPropertiesOf(error: Error): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(error).filter(([, value]) => typeof value === 'string' || typeof value === 'number'),
  );
}
