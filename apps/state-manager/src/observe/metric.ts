import type { Access } from '../access/access.ts';
import type { MisnamedContainers } from '../grpc/misnamed-containers.ts';
import type { Manager } from '../manager.ts';
import type { ReadModel } from '../read/read-model.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import type { Tries } from '../replicas/tries.ts';
import type { StoreLook } from './store-look.ts';
import type { Tally } from './tally.ts';

/** Where the numbers are. */
export interface Sources {
  readonly tally: Tally;
  readonly manager: Pick<Manager, 'leads' | 'leader' | 'queue' | 'confirmedCount' | 'malformedCount' | 'pausedMs'>;
  readonly reconciler: Pick<Reconciler, 'activity'>;
  readonly model: Pick<ReadModel, 'present' | 'journal' | 'resyncsCount'>;
  /** Tries to have the leader answer a call, and a report that waited here. */
  readonly forwarded: { readonly request: Tries; readonly report: Tries };
  readonly access: Pick<Access, 'refusedCounts'>;
  readonly misnamed: Pick<MisnamedContainers, 'count'>;
  readonly watchesCount: () => number;
  readonly store: Pick<StoreLook, 'last'>;
}

/** One number of a metric with labels. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A metric whose numbers are read when somebody asks. */
export interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** Each has few values, all of them known beforehand: never a name of a resource or node. */
  readonly labels?: readonly string[];
  /** One number, or one for each set of labels; undefined where there is none to tell. */
  readonly read: (sources: Sources) => number | undefined | readonly Sample[];
}
