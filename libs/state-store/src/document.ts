/** The version that every document carries; a reader refuses a greater one, because it cannot know what changed. */
const DOCUMENT_VERSION = 1;

/** A stored value that is not what it must be. `key` says which; the message says what is wrong. */
export class UnreadableValueError extends Error {
  override readonly name = 'UnreadableValueError';
  readonly key: string;

  constructor(key: string, cause: unknown) {
    super(`stored value of ${key} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.key = key;
  }
}

export function writeDocument(fields: object): string {
  return JSON.stringify({ v: DOCUMENT_VERSION, ...fields });
}

/** Runs a reader, and names the key in whatever it throws. */
export function readDocument<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UnreadableValueError(key, error);
  }
}

/** Checked access to an object of unknown origin. Every method throws an Error that names the field. */
export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;

  private constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error(`${what} must be an object`);
    this.#fields = value as Record<string, unknown>;
  }

  static parse(json: string): Fields {
    const fields = new Fields(JSON.parse(json), 'it');
    const version = fields.integer('v');
    if (version > DOCUMENT_VERSION)
      throw new Error(`it has version ${version}; this release reads ${DOCUMENT_VERSION}`);
    return fields;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== 'string') throw new Error(`${name} must be a text`);
    return value;
  }

  integer(name: string): number {
    const value = this.#fields[name];
    if (!Number.isSafeInteger(value)) throw new Error(`${name} must be an integer`);
    return value as number;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.text(name);
    const known = values.find((v) => v === value);
    if (known === undefined) throw new Error(`${name} must be one of ${values.join(', ')}`);
    return known;
  }

  nullable<T>(name: string, read: (text: string) => T): T | null {
    return this.#fields[name] === null ? null : read(this.text(name));
  }

  list<T>(name: string, read: (item: unknown) => T): readonly T[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) throw new Error(`${name} must be a list`);
    return value.map(read);
  }

  object(name: string): object {
    const value = this.#fields[name];
    if (typeof value !== 'object' || value === null) throw new Error(`${name} must be an object`);
    return value;
  }

  /** `{ [name]: … }` if the field is there, else nothing to spread. */
  optional<N extends string, T>(name: N, read: (fields: Fields) => T): { readonly [P in N]?: T } {
    const value = this.#fields[name];
    if (value === undefined) return {};
    return { [name]: read(new Fields(value, name)) } as { readonly [P in N]?: T };
  }
}
