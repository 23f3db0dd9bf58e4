import { create } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import type { Manager } from '../../src/manager.ts';
import { readFilter } from '../../src/read/filter.ts';
import type { JournalEntry } from '../../src/read/journal.ts';
import { ReadModel, type ReadModelOptions } from '../../src/read/read-model.ts';
import { AS_MESSAGES } from '../../src/read/changes.ts';
import { watch, type WatchSettings } from '../../src/read/watch.ts';
import { CANDIDATE, createManager, recordLog } from '../kit/engine.ts';
import { eventually } from '../kit/eventually.ts';
import { IDLE_STATUS } from '../kit/reading.ts';

export type Asked = Partial<Pick<v1.ResourceFilter, 'kinds' | 'states' | 'namePrefix' | 'package' | 'stale'>>;

/** A manager that leads, the read model that follows it, and watches of that. */
export interface WatchedModel {
  readonly manager: Manager;
  readonly model: ReadModel;
  /** Every entry that the journal still has from a sequence number on. */
  entriesFrom(sequence: number): readonly JournalEntry[];
  watch(asked: Asked, afterRevision?: number, settings?: Partial<WatchSettings>): ModelWatch;
  /** Ends the term, and begins another one with the same read model. */
  leadAgain(): Promise<void>;
  /** Ends all watches and the term. */
  stop(): Promise<void>;
}

/** A watch that is read message by message. */
export interface ModelWatch {
  next(): Promise<v1.WatchResourcesResponse>;
  /** The next message in few words, such as `changes@7 PUT model/m Dead`. */
  said(): Promise<string>;
  abort(): void;
}

export async function watchModel(options: Partial<ReadModelOptions> = {}): Promise<WatchedModel> {
  const store: KeyValueStore = openMemoryStore();
  const model = new ReadModel({ journalCount: 1000, resumeWithinMs: 0, reconcileStatus: IDLE_STATUS, ...options });
  let manager = await lead(store, model);
  const ending = new AbortController();
  return {
    get manager() {
      return manager;
    },
    model,
    entriesFrom: (sequence) => {
      const entries: JournalEntry[] = [];
      for (let at = sequence; at < model.journal.end; at += 1) {
        const entry = model.journal.at(at);
        if (entry !== undefined && entry !== 'gone') entries.push(entry);
      }
      return entries;
    },
    watch: (asked, afterRevision = 0, settings = {}) => {
      const own = new AbortController();
      const filter = readFilter(create(v1.ResourceFilterSchema, asked));
      const all = { reconcileStatus: IDLE_STATUS, bookmarkMs: 60_000, partCount: 500, ...settings };
      return readable(
        watch(model, filter, afterRevision, all, AS_MESSAGES, AbortSignal.any([own.signal, ending.signal])),
        own,
      );
    },
    leadAgain: async () => {
      await manager.stop(1000);
      manager = await lead(store, model);
    },
    stop: async () => {
      ending.abort();
      await manager.stop(1000);
      await store.close();
    },
  };
}

async function lead(store: KeyValueStore, model: ReadModel): Promise<Manager> {
  const manager = createManager(store, recordLog().log);
  manager.follow(model);
  manager.start(CANDIDATE);
  await manager.submit({ type: 'leading', packages: [], at: 1 });
  await eventually(() => {
    if (model.present === undefined) throw new Error('it does not lead');
  });
  return manager;
}

function readable(messages: AsyncGenerator<v1.WatchResourcesResponse>, own: AbortController): ModelWatch {
  const next = async (): Promise<v1.WatchResourcesResponse> => {
    const result = await messages.next();
    if (result.done === true) throw new Error('the watch ended');
    return result.value;
  };
  return { next, said: async () => inWords(await next()), abort: () => own.abort() };
}

/** A message in few words. */
export function inWords({ revision, message }: v1.WatchResourcesResponse): string {
  const at = `${message.case}@${revision}`;
  switch (message.case) {
    case 'snapshot': {
      const names = message.value.resources.map(({ kind, name }) => `${kind}/${name}`);
      return [at, ...names, message.value.complete ? 'complete' : 'part'].join(' ');
    }
    case 'changes':
      return `${at} ${message.value.events.map(eventInWords).join(', ')}`;
    case 'resync':
      return `${at} ${message.value.reason}`;
    default:
      return at;
  }
}

function eventInWords({ type, resource, transition }: v1.Event): string {
  const moved = transition && [`${transition.from || '-'}→${transition.to || '-'}`];
  return [v1.EventType[type], `${resource?.kind}/${resource?.name}`, ...(moved ?? [])].join(' ');
}
