import { statSync } from 'node:fs';
import { StoreError } from '@statemanager/state-store';

/** Knows whether a file is still what is found under its path. */
export class FileIdentity {
  readonly #path: string;
  readonly #identity: string | undefined;

  /** Takes note of the file that is under the path now. */
  constructor(path: string) {
    this.#path = path;
    this.#identity = identityOf(path);
  }

  /**
   * Throws `unavailable` if the file was deleted or another one took its place: what is written to it then is gone with the
   * process, however durable it was made.
   */
  assertThere(): void {
    if (identityOf(this.#path) === this.#identity) return;
    throw new StoreError(
      'unavailable',
      `${this.#path} was deleted or replaced while it was open: put it back, or stop and start again without it`,
    );
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
