import { create } from '@bufbuild/protobuf';
import { timestampFromMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import { v1 } from '@statemanager/proto';
import {
  allowedFrom,
  containerStateOf,
  MODEL_RULES,
  type Intent,
  type ModelRecord,
  type Observation,
  type Transition,
} from '@statemanager/state-machine';
import type { ReconcileState } from '../reconcile/reconciler.ts';
import type { EntryOf, ReadKind } from './entries.ts';
import { countContainers, partsOf, trustInModel, trustInPackage, type NodePart, type Picture } from './picture.ts';

/** Tells when a package's intent is tried next, and why it waits. */
export type ReconcileStatus = (packageName: string) => ReconcileState;

type Described = Pick<v1.Resource, 'detail'> & Partial<Omit<v1.Resource, 'detail' | '$typeName'>>;

/** One thing as the API shows it. If it is not there (any more), only its kind and name. */
export function describeResource(
  picture: Picture,
  kind: ReadKind,
  name: string,
  reconcileStatus: ReconcileStatus,
): v1.Resource {
  const described = DESCRIBE[kind](picture, name, reconcileStatus);
  return create(v1.ResourceSchema, { kind, name, ...described });
}

const DESCRIBE: {
  readonly [K in ReadKind]: (picture: Picture, name: string, status: ReconcileStatus) => Described | undefined;
} = {
  scenario: (picture, name) => {
    const entry = picture.entries.scenario.get(name);
    return entry && { ...common(entry.record, entry.revision), detail: { case: 'scenario', value: scenarioOf(entry) } };
  },
  package: (picture, name, status) => {
    const entry = picture.entries.package.get(name);
    if (entry === undefined) return undefined;
    return {
      ...common(entry.record, entry.revision),
      ...trustInPackage(picture, entry),
      detail: { case: 'package', value: packageOf(picture, name, entry, status) },
    };
  },
  model: (picture, name) => {
    const entry = picture.entries.model.get(name);
    if (entry === undefined) return undefined;
    return {
      ...(entry.record === undefined ? NAMED_ONLY : common(entry.record, entry.revision)),
      ...trustInModel(picture, name),
      detail: { case: 'model', value: modelOf(picture, name, entry) },
    };
  },
  node: (picture, name) => {
    const entry = picture.entries.node.get(name);
    if (entry === undefined) return undefined;
    return {
      since: timestampFromMs(entry.record.observedAt),
      revision: BigInt(entry.revision),
      stale: !picture.presence.isConfirmed(name),
      detail: { case: 'node', value: nodeOf(picture, name, entry) },
    };
  },
};

/** A model that is only named counts as Created. */
const NAMED_ONLY = { state: MODEL_RULES[0].state, rule: MODEL_RULES[0].id, cause: MODEL_RULES[0].says };

type AnyRecord = EntryOf['scenario' | 'package']['record'] | ModelRecord;

function common(
  { state, since, rule, cause, source, generation }: AnyRecord,
  revision: number,
): Omit<Described, 'detail'> {
  return {
    state: state ?? '',
    ...(since === 0 ? undefined : { since: timestampFromMs(since) }),
    rule,
    cause,
    source,
    revision: BigInt(revision),
    generation: BigInt(generation),
  };
}

function scenarioOf({ record }: EntryOf['scenario']): v1.ScenarioDetail {
  const { target = '', action = '', revision = 0 } = record.definition ?? {};
  return create(v1.ScenarioDetailSchema, {
    target,
    action,
    definitionRevision: BigInt(revision),
    allowedStates: [...allowedFrom(record.state ?? undefined)],
  });
}

function packageOf(
  picture: Picture,
  name: string,
  entry: EntryOf['package'],
  status: ReconcileStatus,
): v1.PackageDetail {
  const { definition, backoff, reconcilePaused } = entry.record;
  const models = (definition?.models ?? []).map((model) =>
    create(v1.ModelStateSchema, {
      name: model,
      state: picture.entries.model.get(model)?.record?.state ?? 'Created',
      ...trustInModel(picture, model),
    }),
  );
  const counts: Record<string, number> = {};
  for (const { state } of models) counts[state] = (counts[state] ?? 0) + 1;
  return create(v1.PackageDetailSchema, {
    models,
    counts,
    definitionRevision: BigInt(definition?.revision ?? 0),
    ...(entry.intent && { reconcile: describeIntent(name, entry.intent, backoff?.attempts ?? 0, status) }),
    reconcilePaused: reconcilePaused ?? false,
    scenarios: [...entry.scenarios],
  });
}

/** An intent as the API shows it. */
export function describeIntent(
  packageName: string,
  intent: Intent,
  backoffAttempts: number,
  status: ReconcileStatus,
): v1.Intent {
  const { nextAttemptAt, waitsBecause } = status(packageName);
  return create(v1.IntentSchema, {
    package: packageName,
    id: intent.id,
    since: timestampFromMs(intent.since),
    attempts: intent.attempts,
    ...(intent.lastAttempt && {
      lastAttempt: create(v1.AttemptSchema, { ...intent.lastAttempt, at: timestampFromMs(intent.lastAttempt.at) }),
    }),
    ...(nextAttemptAt === undefined ? undefined : { nextAttemptAt: timestampFromMs(nextAttemptAt) }),
    waitsBecause,
    backoffAttempts,
  });
}

function modelOf(picture: Picture, name: string, entry: EntryOf['model']): v1.ModelDetail {
  const parts = partsOf(picture, name, entry);
  return create(v1.ModelDetailSchema, {
    nodes: parts.map((part) => nodeContainersOf(picture, part)),
    counts: presentCounts(countContainers(parts)),
    packages: [...entry.packages],
    missing: entry.record?.missing !== undefined,
    offloadTarget: entry.record?.offload?.targetNode ?? '',
  });
}

function nodeContainersOf({ presence }: Picture, { node, containers }: NodePart): v1.NodeContainers {
  const observedAt = containers.reduce((latest, { since }) => Math.max(latest, since), 0);
  return create(v1.NodeContainersSchema, {
    node,
    containers: containers.map(containerOf),
    observedAt: timestampFromMs(observedAt),
    ...heardAt(presence.heardAt(node)),
    confirmed: presence.isConfirmed(node),
  });
}

function containerOf({ name, rule, exitCode, oomKilled, since }: Observation): v1.Container {
  return create(v1.ContainerSchema, {
    name,
    state: containerStateOf(rule),
    rule,
    ...(exitCode === undefined ? undefined : { exitCode }),
    oomKilled: oomKilled ?? false,
    since: timestampFromMs(since),
  });
}

function nodeOf({ presence }: Picture, name: string, { record }: EntryOf['node']): v1.NodeDetail {
  const counts: Record<string, number> = {};
  for (const { rule } of record.containers) {
    const state = containerStateOf(rule);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return create(v1.NodeDetailSchema, {
    observedAt: timestampFromMs(record.observedAt),
    ...heardAt(presence.heardAt(name)),
    confirmed: presence.isConfirmed(name),
    models: [...new Set(record.containers.map(({ model }) => model))],
    counts,
  });
}

function heardAt(ms: number | undefined): { lastHeardAt?: Timestamp } {
  return ms === undefined ? {} : { lastHeardAt: timestampFromMs(ms) };
}

function presentCounts(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** A transition as the API shows it. */
export function describeTransition(transition: Transition, revision: number): v1.Transition {
  const { from, to, at, generation, transitionId = '', ...same } = transition;
  return create(v1.TransitionSchema, {
    ...same,
    from: from ?? '',
    to: to ?? '',
    at: timestampFromMs(at),
    transitionId,
    generation: BigInt(generation),
    revision: BigInt(revision),
  });
}
