/** Reads options and throws, in a client's own error, which one must be what. */
export interface OptionReader {
  /** A duration, or its default. */
  milliseconds(name: string, value: number | undefined, byDefault: number): number;
  /** A number of things, from 1, or its default. */
  count(name: string, value: number | undefined, byDefault: number): number;
  /** The scheme, host and port of a base URL that has no more than these, such as `example`. */
  origin(name: string, value: string, example: string): string;
  /** The error that says what an argument must be. */
  invalid(name: string, value: unknown, wanted: string): Error;
}

/** Node's timers overflow beyond this and would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** A reader whose errors `error` makes of their message. */
export function optionReader(error: (message: string) => Error): OptionReader {
  const invalid: OptionReader['invalid'] = (name, value, wanted) =>
    error(`${name} must be ${wanted}, but is ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`);
  return {
    invalid,
    milliseconds(name, value, byDefault) {
      if (value === undefined) return byDefault;
      if (Number.isInteger(value) && value >= 1 && value <= maxTimerMs) return value;
      throw invalid(name, value, `a whole number of milliseconds from 1 to ${maxTimerMs}`);
    },
    count(name, value, byDefault) {
      if (value === undefined) return byDefault;
      if (Number.isSafeInteger(value) && value >= 1) return value;
      throw invalid(name, value, 'a whole number from 1');
    },
    origin(name, value, example) {
      const url = URL.canParse(value) ? new URL(value) : undefined;
      if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
        throw invalid(name, value, `a URL such as ${example}`);
      }
      if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
        throw invalid(name, `${url.origin}/…`, `only scheme, host and port, such as ${example}`);
      }
      return url.origin;
    },
  };
}
