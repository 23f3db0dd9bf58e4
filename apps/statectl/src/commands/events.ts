import { toJson } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { EXIT } from '../failure.ts';
import { readKind } from '../kind.ts';
import { jsonOf, printOneOfMany, readFormat, type Format } from '../output/format.ts';
import { printable } from '../output/printable.ts';
import { TransitionLog } from '../output/transitions.ts';
import { listTransitions } from '../server/lists.ts';
import { watchResources } from '../server/watch.ts';
import { untilInterrupted, type Shell } from '../shell.ts';
import { HISTORY_KINDS, MAX_HISTORY_COUNT } from './history.ts';

export interface EventsOptions {
  readonly follow?: boolean;
  readonly count?: number;
  readonly output?: string;
}

const DEFAULT_COUNT = 20;

/** `events`: the last transitions, oldest first, and with `--follow` every one that comes. */
export async function events(shell: Shell, kindsText: string | undefined, options: EventsOptions): Promise<number> {
  const format = readFormat(options.output, ['table', 'wide', 'json', 'yaml']);
  const kinds =
    kindsText === undefined ? HISTORY_KINDS : kindsText.split(',').map((word) => readKind(word, HISTORY_KINDS));
  const fits = ({ kind }: v1.Transition): boolean => kinds.some((one) => one === kind);
  const printer = new EventPrinter(shell, format);
  const revision = options.follow === true ? await currentRevision(shell) : 0n;
  const all = kinds.length === HISTORY_KINDS.length;
  const count = options.count ?? DEFAULT_COUNT;
  const newest = await listTransitions(shell.servers, {}, all ? count : MAX_HISTORY_COUNT);
  await printer.print(newest.filter(fits).slice(0, count).reverse());
  if (options.follow !== true) return EXIT.ok;
  const seen = newest.reduce((most, one) => (one.revision > most ? one.revision : most), revision);
  await follow(shell, { kinds, seen, printer });
  return EXIT.ok;
}

async function currentRevision({ servers }: Shell): Promise<bigint> {
  const request = { pageSize: 1 };
  const page = await servers.call(v1.StateService, (client, options) => client.listResources(request, options));
  return page.revision;
}

interface Following {
  readonly kinds: readonly string[];
  /** Up to here everything was printed. */
  readonly seen: bigint;
  readonly printer: EventPrinter;
}

async function follow({ servers, out }: Shell, { kinds, seen, printer }: Following): Promise<void> {
  const settings = { afterRevision: seen, signal: untilInterrupted() };
  for await (const watched of watchResources(servers, { kinds: [...kinds] }, settings)) {
    switch (watched.type) {
      case 'changes':
        await printer.print(watched.events.flatMap(({ transition }) => transition ?? []));
        break;
      case 'resync':
        await printer.resync(watched.reason, watched.message);
        break;
      case 'lost':
        out.note(`connection lost: ${watched.reason}; resuming`);
        break;
      case 'snapshot':
    }
  }
}

class EventPrinter {
  readonly #shell: Shell;
  readonly #format: Format;
  readonly #log: TransitionLog;

  constructor(shell: Shell, format: Format) {
    this.#shell = shell;
    this.#format = format;
    this.#log = new TransitionLog(shell.out, format === 'wide');
  }

  async print(transitions: readonly v1.Transition[]): Promise<void> {
    if (this.#format === 'json' || this.#format === 'yaml') {
      for (const one of transitions) {
        await printOneOfMany(this.#shell.out, this.#format, jsonOf(v1.TransitionSchema, one));
      }
    } else if (transitions.length > 0) {
      this.#log.print(transitions);
    }
  }

  async resync(reason: string, message: v1.WatchResourcesResponse): Promise<void> {
    if (this.#format === 'json' || this.#format === 'yaml') {
      await printOneOfMany(this.#shell.out, this.#format, toJson(v1.WatchResourcesResponseSchema, message));
    } else {
      this.#shell.out.line(`resync: ${printable(reason)}`);
    }
  }
}
