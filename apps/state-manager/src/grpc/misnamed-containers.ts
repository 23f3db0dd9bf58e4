import type { Logger } from '../log.ts';

/** So many different misnamed containers are logged; a storm of them must not fill the memory. */
const MAX_SAID_COUNT = 1000;

/** Counts the containers that name a model by no name, and logs each of them once. */
export class MisnamedContainers {
  readonly #log: Logger;
  readonly #said = new Set<string>();
  /** How many there were in all reports together: one that is reported again counts again. */
  count = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Takes note of a report's containers that name a model by something that is no name. */
  note(node: string, containers: readonly string[]): void {
    this.count += containers.length;
    for (const container of containers) {
      const what = `${node}/${container}`;
      if (this.#said.has(what) || this.#said.size >= MAX_SAID_COUNT) continue;
      this.#said.add(what);
      this.#log.warn(
        { node, container, count: this.count },
        'container names a model by something that is no name; it is left out',
      );
    }
  }
}
