import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import type { v1 } from '@statemanager/proto';
import { CALLER } from '../grpc/caller.ts';
import type { Logger } from '../log.ts';
import { AS_MESSAGES, type WatchForm } from '../read/changes.ts';
import { FieldError } from '../read/field-error.ts';
import { readFilter, type Filter } from '../read/filter.ts';
import type { ReadModel } from '../read/read-model.ts';
import type { ReconcileStatus } from '../read/resource.ts';
import { watch } from '../read/watch.ts';
import { toConnectError } from './errors.ts';
import { FramedForm } from './framed-form.ts';
import { presentOf } from './present.ts';

export interface WatchesOptions {
  readonly model: ReadModel;
  readonly reconcileStatus: ReconcileStatus;
  readonly bookmarkMs: number;
  /** A watch whose reader takes nothing for so long is broken off. */
  readonly stallMs: number;
  readonly maxCount: number;
  /** Aborts when the process stops: watches end then. */
  readonly draining: AbortSignal;
  readonly log: Logger;
}

const SNAPSHOT_PART_COUNT = 500;

/** What a watch needs to know of its call. */
export type WatchCall = Pick<HandlerContext, 'signal' | 'values'>;

/** The watches that run. */
export class Watches {
  readonly #options: WatchesOptions;
  readonly #running = new Set<AbortSignal>();
  readonly #framed = new FramedForm();

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Runs one watch until its caller or this process ends it. Throws ConnectError. */
  run(request: v1.WatchResourcesRequest, context: WatchCall): AsyncGenerator<v1.WatchResourcesResponse> {
    return this.#run(request, context, AS_MESSAGES);
  }

  /** The same in messages that are encoded and framed: what is the same for many is encoded once. */
  runFramed(request: v1.WatchResourcesRequest, context: WatchCall): AsyncGenerator<Uint8Array> {
    return this.#run(request, context, this.#framed);
  }

  async *#run<M>(
    request: v1.WatchResourcesRequest,
    { signal, values }: WatchCall,
    form: WatchForm<M>,
  ): AsyncGenerator<M> {
    const { model, draining, stallMs, log } = this.#options;
    const caller = values.get(CALLER);
    // Whoever is gone takes nothing either, and needs no warning.
    const calm = (): void => clearTimeout(stalled);
    const breakOff = (): void => {
      log.warn({ caller: caller.address, ms: stallMs }, 'a watch whose reader takes nothing is broken off');
      caller.breakOff();
    };
    let stalled: NodeJS.Timeout | undefined;
    try {
      const filter = readFilter(request.filter);
      const afterRevision = readRevision(request.afterRevision);
      presentOf(model);
      this.#admit(signal);
      signal.addEventListener('abort', calm, { once: true });
      for await (const message of this.#watch(filter, afterRevision, form, signal)) {
        stalled = setTimeout(breakOff, stallMs);
        yield message;
        calm();
      }
    } catch (error) {
      throw toConnectError(error);
    } finally {
      calm();
      signal.removeEventListener('abort', calm);
      this.#running.delete(signal);
    }
    if (draining.aborted) throw new ConnectError('StateManager stops; resume on another one', Code.Unavailable);
  }

  /** Counts a watch for as long as its call lasts: one whose writer was broken off is never resumed. */
  #admit(signal: AbortSignal): void {
    if (signal.aborted) throw new ConnectError('the caller is gone', Code.Canceled);
    const { maxCount } = this.#options;
    if (this.#running.size >= maxCount) {
      throw new ConnectError(`${maxCount} watches run already (--max-watches-count)`, Code.ResourceExhausted);
    }
    this.#running.add(signal);
    signal.addEventListener('abort', () => this.#running.delete(signal), { once: true });
  }

  #watch<M>(filter: Filter, afterRevision: number, form: WatchForm<M>, signal: AbortSignal): AsyncGenerator<M> {
    const { model, reconcileStatus, bookmarkMs, draining } = this.#options;
    const settings = { reconcileStatus, bookmarkMs, partCount: SNAPSHOT_PART_COUNT };
    return watch(model, filter, afterRevision, settings, form, AbortSignal.any([signal, draining]));
  }
}

function readRevision(revision: bigint): number {
  if (revision >= 0n && revision <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(revision);
  throw new FieldError('after_revision', 'must be a revision, or 0');
}
