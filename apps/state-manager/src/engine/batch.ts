import {
  Fleet,
  RESOURCE_KINDS,
  formatState,
  type Decision,
  type RecordOf,
  type ResourceKind,
  type StateNames,
  type Transition,
} from '@statemanager/state-machine';
import {
  encodeIntent,
  encodeNode,
  encodeRecord,
  encodeTransition,
  historyKey,
  historyKeys,
  intentKey,
  nodeKey,
  recordKey,
  stateKey,
  type Operation,
} from '@statemanager/state-store';

/** What one transaction may hold. */
export interface BatchLimits {
  readonly operationsCount: number;
  readonly bytes: number;
}

/** An operation, and how much of a transaction it takes. */
export interface SizedOperation {
  readonly operation: Operation;
  readonly bytes: number;
}

/** What a decision asks of the store, by key; undefined for a key that is as it is stored already. */
export type EncodedDecision = ReadonlyMap<string, SizedOperation | undefined>;

/** Everything that one transaction will make true: decisions in their order, laid over the committed view. */
export class Batch {
  /** The view as it will be. */
  readonly fleet: Fleet;
  readonly transitions: Transition[] = [];
  #committed: Fleet;
  readonly #stateNames: StateNames;
  readonly #operations = new Map<string, SizedOperation>();
  #bytes = 0;

  constructor(committed: Fleet, stateNames: StateNames) {
    this.#committed = committed;
    this.#stateNames = stateNames;
    this.fleet = new Fleet(committed);
  }

  get operations(): readonly Operation[] {
    return Array.from(this.#operations.values(), ({ operation }) => operation);
  }

  get operationsCount(): number {
    return this.#operations.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Is laid over another view from now on, which has to say what the one before says. */
  rebase(committed: Fleet): void {
    this.#committed = committed;
    this.fleet.rebase(committed);
  }

  /** Takes a decision in, whatever the limits say: whoever calls asks {@link exceeds} first. */
  add(decision: Decision, operations: EncodedDecision): void {
    if (decision.changes !== undefined) this.fleet.absorb(decision.changes);
    this.transitions.push(...decision.transitions);
    for (const [key, operation] of operations) this.#put(key, operation);
  }

  /** Whether the batch would be over the limits with these operations as well. */
  exceeds(limits: BatchLimits, operations: EncodedDecision): boolean {
    let atMostBytes = this.#bytes;
    for (const operation of operations.values()) atMostBytes += operation?.bytes ?? 0;
    const atMostCount = this.#operations.size + operations.size;
    if (atMostCount <= limits.operationsCount && atMostBytes <= limits.bytes) return false;
    // It may be less: some take the place of others, and some take others out.
    let count = this.#operations.size;
    let bytes = this.#bytes;
    for (const [key, operation] of operations) {
      const before = this.#operations.get(key);
      count += Number(operation !== undefined) - Number(before !== undefined);
      bytes += (operation?.bytes ?? 0) - (before?.bytes ?? 0);
    }
    return count > limits.operationsCount || bytes > limits.bytes;
  }

  /** What a decision asks of the store; undefined for a key that is as it is stored already. */
  encode(decision: Decision): EncodedDecision {
    const operations = new Map<string, SizedOperation | undefined>();
    for (const transition of decision.transitions) {
      const { kind, name, generation } = transition;
      const key = historyKey(kind, name, generation);
      operations.set(key, sized({ type: 'put', key, value: encodeTransition(transition) }));
    }
    if (decision.changes === undefined) return operations;
    for (const kind of RESOURCE_KINDS) {
      for (const [name, record] of decision.changes.changedRecords(kind)) {
        if (record === undefined) this.#encodeForgotten(operations, decision, kind, name);
        this.#encodeRecord(operations, kind, name, record);
      }
    }
    for (const [node, record] of decision.changes.changedNodes()) {
      const key = nodeKey(node);
      operations.set(key, operationOf(key, record && encodeNode(record)));
    }
    for (const [packageName, intent] of decision.changes.changedIntents()) {
      const key = intentKey(packageName);
      const absent = intent === undefined && this.#committed.intent(packageName) === undefined;
      operations.set(key, absent ? undefined : operationOf(key, intent && encodeIntent(intent)));
    }
    return operations;
  }

  #encodeRecord<K extends ResourceKind>(
    operations: Map<string, SizedOperation | undefined>,
    kind: K,
    name: string,
    record: RecordOf[K] | undefined,
  ): void {
    const committed = this.#committed.record(kind, name);
    const key = recordKey(kind, name);
    operations.set(key, operationOf(key, record && encodeRecord(record)));
    const state = record?.state ?? null;
    const changed = state !== (committed?.state ?? null);
    const storedUnder = stateKey(kind, name);
    const value = state === null ? undefined : formatState(kind, state, this.#stateNames);
    operations.set(storedUnder, changed ? operationOf(storedUnder, value) : undefined);
  }

  /** Deletes the whole history of what is forgotten, entries of the same decision and batch included. */
  #encodeForgotten(
    operations: Map<string, SizedOperation | undefined>,
    { transitions }: Decision,
    kind: ResourceKind,
    name: string,
  ): void {
    const decided = transitions.filter((transition) => transition.kind === kind && transition.name === name);
    const before = this.#committed.record(kind, name)?.generation ?? 0;
    const staged = this.fleet.record(kind, name)?.generation ?? 0;
    const generation = Math.max(before, staged, ...decided.map((transition) => transition.generation));
    for (const key of historyKeys(kind, name, generation)) operations.set(key, sized({ type: 'delete', key }));
  }

  #put(key: string, operation: SizedOperation | undefined): void {
    this.#bytes += (operation?.bytes ?? 0) - (this.#operations.get(key)?.bytes ?? 0);
    if (operation === undefined) this.#operations.delete(key);
    else this.#operations.set(key, operation);
  }
}

function operationOf(key: string, value: string | undefined): SizedOperation {
  return sized(value === undefined ? { type: 'delete', key } : { type: 'put', key, value });
}

/** With what it adds to a transaction, in bytes: what its texts need at most, and its frame. */
export function sized(operation: Operation): SizedOperation {
  const valueBytes = operation.type === 'put' ? Buffer.byteLength(operation.value) : 0;
  return { operation, bytes: 32 + Buffer.byteLength(operation.key) + valueBytes };
}
