import {
  isContainerRuleId,
  parseState,
  type AppliedChange,
  type Attempt,
  type Intent,
  type ModelRecord,
  type NodeRecord,
  type Observation,
  type PackageRecord,
  type RecordOf,
  type ResourceKind,
  type ScenarioRecord,
  type StateOf,
  type Transition,
} from '@statemanager/state-machine';
import { Fields, readDocument, writeDocument } from './document.ts';

/*
 * Records as readable JSON. A reader takes what it knows and leaves the rest aside, so that a newer or an older release
 * can read it; what it knows is checked, and anything wrong is an UnreadableValueError that names the key.
 */

/** Reads a stored state, in either spelling and any case. Throws UnreadableValueError: never a guess. */
export function decodeState<K extends ResourceKind>(kind: K, key: string, value: string): StateOf[K] {
  return readDocument(key, () => {
    const state = parseState(kind, value.trim());
    if (state === undefined) throw new Error(`${JSON.stringify(value.slice(0, 64))} is no state of a ${kind}`);
    return state;
  });
}

/** Writes what {@link decodeRecord} reads. */
export function encodeRecord<K extends ResourceKind>(record: RecordOf[K]): string {
  const { applied, ...rest } = record;
  return writeDocument({ ...rest, applied: applied.map(({ id, target }) => [id, target]) });
}

/** Reads what is stored under a `recordKey`. Throws UnreadableValueError. */
export function decodeRecord<K extends ResourceKind>(kind: K, key: string, value: string): RecordOf[K] {
  return readDocument(key, () => {
    const fields = Fields.parse(value);
    const common = {
      state: fields.nullable('state', (text) => stateOf(kind, text)),
      since: fields.integer('since'),
      rule: fields.text('rule'),
      cause: fields.text('cause'),
      source: fields.text('source'),
      generation: fields.integer('generation'),
      applied: fields.list('applied', (item) => appliedOf(kind, item)),
      ...(fields.has('removed') ? { removed: true as const } : undefined),
    };
    return { ...common, ...specificsOf[kind](fields) } as unknown as RecordOf[K];
  });
}

const specificsOf: { readonly [K in ResourceKind]: (fields: Fields) => Partial<RecordOf[K]> } = {
  scenario: (fields): Partial<ScenarioRecord> =>
    fields.optional('definition', (d) => ({
      revision: d.integer('revision'),
      target: d.text('target'),
      action: d.text('action'),
    })),
  package: (fields): Partial<PackageRecord> => ({
    ...fields.optional('definition', (d) => ({
      revision: d.integer('revision'),
      models: d.list('models', (model) => String(model)),
    })),
    ...fields.optional('backoff', (b) => ({ attempts: b.integer('attempts'), intent: b.text('intent') })),
    ...(fields.has('reconcilePaused') ? { reconcilePaused: true as const } : undefined),
  }),
  model: (fields): Partial<ModelRecord> => ({
    ...(fields.has('missing') ? { missing: fields.integer('missing') } : undefined),
    ...(fields.has('episodes') ? { episodes: fields.integer('episodes') } : undefined),
    ...(fields.has('doubt') ? { doubt: true as const } : undefined),
    ...(fields.has('noted') ? { noted: fields.integer('noted') } : undefined),
    ...fields.optional('offload', (o) => ({ id: o.text('id'), targetNode: o.text('targetNode') })),
  }),
};

function stateOf<K extends ResourceKind>(kind: K, text: string): StateOf[K] {
  const state = parseState(kind, text);
  if (state === undefined) throw new Error(`state ${JSON.stringify(text)} is no state of a ${kind}`);
  return state;
}

function appliedOf(kind: ResourceKind, item: unknown): AppliedChange {
  if (!Array.isArray(item) || typeof item[0] !== 'string' || typeof item[1] !== 'string') {
    throw new Error('applied must hold pairs of an id and a state');
  }
  return { id: item[0], target: stateOf(kind, item[1]) };
}

/** A node's containers by model, each as [name, rule id, since, exit code, OOM killed], as far as given. */
export function encodeNode(record: NodeRecord): string {
  const models: Record<string, unknown[]> = Object.create(null) as Record<string, unknown[]>;
  for (const { model, name, rule, since, exitCode, oomKilled } of record.containers) {
    const tuple: unknown[] = [name, rule, since];
    if (exitCode !== undefined || oomKilled) tuple.push(exitCode ?? null);
    if (oomKilled) tuple.push('oom');
    (models[model] ??= []).push(tuple);
  }
  return writeDocument({ observedAt: record.observedAt, models });
}

/** Reads what is stored under a `nodeKey`. Throws UnreadableValueError. */
export function decodeNode(key: string, value: string): NodeRecord {
  return readDocument(key, () => {
    const fields = Fields.parse(value);
    const models = Object.entries(fields.object('models'));
    models.sort(([a], [b]) => (a < b ? -1 : 1));
    const containers = models.flatMap(([model, tuples]) => {
      if (!Array.isArray(tuples)) throw new Error(`models.${model} must be a list`);
      return tuples.map((tuple) => observationOf(model, tuple));
    });
    return { observedAt: fields.integer('observedAt'), containers };
  });
}

function observationOf(model: string, tuple: unknown): Observation {
  const [name, rule, since, exitCode, oom] = Array.isArray(tuple) ? (tuple as unknown[]) : [];
  if (typeof name !== 'string' || typeof rule !== 'string') throw new Error(`models.${model} must hold lists of texts`);
  if (!Number.isSafeInteger(since)) throw new Error(`models.${model} must say since when`);
  if (!isContainerRuleId(rule)) throw new Error(`models.${model}: ${JSON.stringify(rule)} is no container rule`);
  return {
    model,
    name,
    rule,
    since: since as number,
    ...(typeof exitCode === 'number' ? { exitCode } : undefined),
    ...(oom === 'oom' ? { oomKilled: true as const } : undefined),
  };
}

/** Writes what {@link decodeIntent} reads. */
export function encodeIntent(intent: Intent): string {
  return writeDocument({ ...intent });
}

/** Reads what is stored under an `intentKey`. Throws UnreadableValueError. */
export function decodeIntent(key: string, value: string): Intent {
  return readDocument(key, () => {
    const fields = Fields.parse(value);
    return {
      id: fields.text('id'),
      since: fields.integer('since'),
      attempts: fields.integer('attempts'),
      ...fields.optional('lastAttempt', (a) => ({
        at: a.integer('at'),
        outcome: a.oneOf<Attempt['outcome']>('outcome', ['started', 'accepted', 'refused', 'failed', 'unreachable']),
        detail: a.text('detail'),
      })),
    };
  });
}

/** Writes what {@link decodeTransition} reads; whose transition it is, the key says. */
export function encodeTransition(transition: Transition): string {
  const { kind: _kind, name: _name, ...rest } = transition;
  return writeDocument(rest);
}

/** Reads what is stored under a `historyKey` of a resource. Throws UnreadableValueError. */
export function decodeTransition<K extends ResourceKind>(
  kind: K,
  name: string,
  key: string,
  value: string,
): Transition {
  return readDocument(key, () => {
    const fields = Fields.parse(value);
    return {
      kind,
      name,
      from: fields.nullable('from', (text) => stateOf(kind, text)),
      to: fields.nullable('to', (text) => stateOf(kind, text)),
      at: fields.integer('at'),
      rule: fields.text('rule'),
      cause: fields.text('cause'),
      source: fields.text('source'),
      ...(fields.has('transitionId') ? { transitionId: fields.text('transitionId') } : undefined),
      generation: fields.integer('generation'),
    };
  });
}
