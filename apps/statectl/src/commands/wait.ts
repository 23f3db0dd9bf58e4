import { v1 } from '@statemanager/proto';
import { formatDuration, readDurationMs } from '../duration.ts';
import { EXIT, StatectlError, usageError } from '../failure.ts';
import { KINDS, readReferences, readState, type Reference } from '../kind.ts';
import { paintState, stateText } from '../output/trust.ts';
import { watchResources, type Watched } from '../server/watch.ts';
import { untilInterrupted, type Shell } from '../shell.ts';

export interface WaitOptions {
  /** States, or `deleted`. */
  readonly for: string;
  readonly fresh?: boolean;
  readonly timeout?: string | undefined;
}

const DEFAULT_TIMEOUT = '60s';
const DELETED = 'deleted';

/** `wait`: until each is in one of the states; what is not there yet is waited for. */
export async function wait(shell: Shell, words: readonly string[], options: WaitOptions): Promise<number> {
  const references = readReferences(words, KINDS);
  const wanted = readWanted(options.for, references);
  const timeoutMs = readDurationMs(options.timeout ?? DEFAULT_TIMEOUT);
  const waiting = new Waiting(references, (resource) => isWanted(resource, wanted, options.fresh === true));
  const interrupted = untilInterrupted();
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(timeoutMs)]);
  const [first, ...others] = references;
  const kinds = [...new Set(references.map(({ kind }) => kind))];
  const filter = { kinds, namePrefix: others.length === 0 ? (first?.name ?? '') : '' };
  for await (const watched of watchResources(shell.servers, filter, { signal })) {
    if (watched.type === 'lost') shell.out.note(`connection lost: ${watched.reason}; resuming`);
    for (const { kind, name, resource } of waiting.take(watched)) {
      const shown = resource === undefined ? DELETED : paintState(shell.out.paint, resource.state, resource);
      shell.out.line(`${kind}/${name} is ${shown}`);
    }
    if (waiting.isOver) return EXIT.ok;
  }
  if (interrupted.aborted) return EXIT.interrupted;
  throw new StatectlError('timedOut', `not ${options.for} within ${formatDuration(timeoutMs)}`, waiting.describe());
}

function readWanted(text: string, references: readonly Reference[]): readonly string[] {
  const words = text.split(',').map((word) => word.trim());
  if (words.some((word) => word.toLowerCase() === DELETED)) {
    if (words.length > 1) throw usageError('--for=deleted cannot be combined with states');
    return [DELETED];
  }
  const kinds = [...new Set(references.map(({ kind }) => kind))];
  if (kinds.includes('node')) throw usageError('a node has no states', 'Wait for it with --for=deleted.');
  for (const kind of kinds) {
    const fits = words.some((word) => readState(word, kinds) !== '' && isStateOf(word, kind));
    if (!fits) throw usageError(`a ${kind} is never ${words.join(' or ')}`);
  }
  return words.map((word) => readState(word, kinds));
}

function isStateOf(word: string, kind: Reference['kind']): boolean {
  try {
    return readState(word, [kind]) !== '';
  } catch {
    return false;
  }
}

/** `undefined` is what is not there. */
function isWanted(resource: v1.Resource | undefined, wanted: readonly string[], fresh: boolean): boolean {
  if (wanted[0] === DELETED) return resource === undefined;
  return resource !== undefined && wanted.includes(resource.state) && !(fresh && resource.stale);
}

interface Arrived extends Reference {
  readonly resource: v1.Resource | undefined;
}

/** What is waited for, as the watch tells it. */
class Waiting {
  readonly #left = new Map<string, Reference>();
  readonly #now = new Map<string, v1.Resource>();
  readonly #isWanted: (resource: v1.Resource | undefined) => boolean;

  constructor(references: readonly Reference[], wants: (resource: v1.Resource | undefined) => boolean) {
    for (const reference of references) this.#left.set(`${reference.kind}/${reference.name}`, reference);
    this.#isWanted = wants;
  }

  get isOver(): boolean {
    return this.#left.size === 0;
  }

  /** Learns; gives what has arrived with it. What has arrived once counts, whatever becomes of it while others are awaited. */
  take(watched: Watched): Arrived[] {
    if (watched.type === 'snapshot') {
      this.#now.clear();
      for (const resource of watched.resources) this.#now.set(`${resource.kind}/${resource.name}`, resource);
      return this.#arrived(this.#left.keys());
    }
    if (watched.type !== 'changes') return [];
    return watched.events.flatMap(({ type, resource }) => {
      if (resource === undefined) return [];
      const key = `${resource.kind}/${resource.name}`;
      if (type === v1.EventType.PUT) this.#now.set(key, resource);
      else this.#now.delete(key);
      return this.#arrived([key]);
    });
  }

  /** How what has not arrived is, a line each. */
  describe(): string[] {
    return [...this.#left.keys()].map((key) => {
      const resource = this.#now.get(key);
      return `  ${key} is ${resource === undefined ? 'not there' : stateText(resource.state, resource)}`;
    });
  }

  #arrived(keys: Iterable<string>): Arrived[] {
    return [...keys].flatMap((key) => {
      const reference = this.#left.get(key);
      const resource = this.#now.get(key);
      if (reference === undefined || !this.#isWanted(resource)) return [];
      this.#left.delete(key);
      return [{ ...reference, resource }];
    });
  }
}
