import { setImmediate as yieldToOthers, setTimeout as sleep } from 'node:timers/promises';
import type { Fleet, Input } from '@statemanager/state-machine';
import { StoreError, nameUnder, type KeyValueStore } from '@statemanager/state-store';
import type { Logger } from '../log.ts';
import type { Follower, Term } from '../manager.ts';
import { parseDefinitionAt } from './parse-definition.ts';

/** The kinds of document that decide anything, with the kind of resource that each defines. */
const KINDS = [
  { kind: 'Package', resource: 'package', prefix: 'Package/' },
  { kind: 'Scenario', resource: 'scenario', prefix: 'Scenario/' },
] as const;

type Kind = (typeof KINDS)[number];

const RETRY_MS = 1000;

/** Tens of thousands of new documents take seconds to read; meanwhile the lease has to be renewed, or the term ends. */
const HOLD_UP_MS = 20;

/**
 * Reads the definitions in the store and follows them: ApiServer writes, changes and deletes them at any time. At the
 * beginning of a term only those whose revision differs from the recorded one are parsed. One that cannot be read is
 * reported by its key and leaves what was known before.
 */
export class DefinitionWatch implements Follower {
  readonly #store: KeyValueStore;
  readonly #submit: (input: Input) => void;
  readonly #log: Logger;
  /** Names that were said to be defined in this term, whether or not that was decided yet. */
  readonly #said = { Package: new Set<string>(), Scenario: new Set<string>() };

  constructor(store: KeyValueStore, submit: (input: Input) => void, log: Logger) {
    this.#store = store;
    this.#submit = submit;
    this.#log = log;
  }

  async onTerm(term: Term): Promise<readonly Input[]> {
    const inputs: Input[] = [];
    for (const kind of KINDS) {
      this.#said[kind.kind].clear();
      const { revision, differences } = await this.#compare(kind, term.view);
      // One at a time: a call takes some 100,000 arguments at the most.
      for (const input of differences) inputs.push(input);
      void this.#watch(kind, revision, term);
    }
    return inputs;
  }

  /** What differs between the definitions in the store and those that the view was made with. */
  async #compare(kind: Kind, view: Fleet): Promise<{ revision: number; differences: Input[] }> {
    const { revision, entries } = await this.#store.getAllWithPrefix(kind.prefix);
    const differences: Input[] = [];
    const found = new Set<string>();
    let breathedAt = performance.now();
    for (const { key, value, revision: changedAt } of entries) {
      if (performance.now() - breathedAt > HOLD_UP_MS) {
        await yieldToOthers();
        breathedAt = performance.now();
      }
      const name = nameUnder(kind.prefix, key);
      if (name !== undefined) found.add(name);
      const known = name === undefined ? undefined : view.record(kind.resource, name)?.definition?.revision;
      if (known !== changedAt) differences.push(...this.#read(kind, key, value, changedAt));
    }
    const known = [...view.names(kind.resource)].filter((name) => view.record(kind.resource, name)?.definition);
    for (const name of new Set([...known, ...this.#said[kind.kind]])) {
      if (!found.has(name)) differences.push(...this.#gone(kind, `${kind.prefix}${name}`));
    }
    return { revision, differences };
  }

  async #watch(kind: Kind, afterRevision: number, term: Term): Promise<void> {
    let seen = afterRevision;
    while (!term.ended.aborted) {
      try {
        for await (const batch of this.#store.watch(kind.prefix, { afterRevision: seen, signal: term.ended })) {
          for (const event of batch.events) {
            const inputs =
              event.type === 'put'
                ? this.#read(kind, event.key, event.value, batch.revision)
                : this.#gone(kind, event.key);
            this.#say(inputs, term);
          }
          seen = batch.revision;
        }
      } catch (error) {
        if (term.ended.aborted || StoreError.is(error, 'closed')) return;
        this.#log.warn({ err: error, prefix: kind.prefix }, 'definitions could not be followed; reading them again');
        seen = await this.#readAgain(kind, term, seen);
        if (!StoreError.is(error, 'compacted')) await pause(term);
      }
    }
  }

  /** Submits what was read, unless the term has ended meanwhile: the next one reads for itself. */
  #say(inputs: readonly Input[], term: Term): void {
    if (!term.ended.aborted) for (const input of inputs) this.#submit(input);
  }

  async #readAgain(kind: Kind, term: Term, seen: number): Promise<number> {
    try {
      const { revision, differences } = await this.#compare(kind, term.view);
      this.#say(differences, term);
      return revision;
    } catch (error) {
      this.#log.warn({ err: error, prefix: kind.prefix }, 'definitions could not be read');
      await pause(term);
      return seen;
    }
  }

  #read(kind: Kind, key: string, value: string, revision: number): Input[] {
    const name = nameUnder(kind.prefix, key);
    try {
      if (name === undefined) throw new Error('its key holds no valid name');
      this.#said[kind.kind].add(name);
      return [definedInput(kind, name, value, revision)];
    } catch (error) {
      this.#log.error(
        { key, problem: (error as Error).message },
        'bad definition in the store; what was known before stands',
      );
      return [];
    }
  }

  #gone(kind: Kind, key: string): Input[] {
    const name = nameUnder(kind.prefix, key);
    if (name === undefined) return [];
    this.#said[kind.kind].delete(name);
    return [undefinedInput(kind, name)];
  }
}

async function pause(term: Term): Promise<void> {
  await sleep(RETRY_MS, undefined, { signal: term.ended }).catch(() => undefined);
}

function definedInput({ kind }: Kind, name: string, text: string, revision: number): Input {
  const at = Date.now();
  if (kind === 'Package') {
    const { models } = parseDefinitionAt(kind, name, text);
    return { type: 'package-defined', name, models, revision, at };
  }
  const { target, action } = parseDefinitionAt(kind, name, text);
  return { type: 'scenario-defined', name, target, action, revision, at };
}

function undefinedInput({ resource }: Kind, name: string): Input {
  return { type: `${resource}-undefined`, name, at: Date.now() };
}
