import { containerStateOf, type Observation } from './container.ts';
import { NO_CONTAINERS, total, type ContainerCounts } from './model.ts';
import { compareWords } from './node-word.ts';
import { NO_MODELS, type ModelCounts } from './package.ts';
import type { Intent, ModelRecord, NodeRecord, PackageRecord, RecordOf, ScenarioRecord } from './record.ts';
import type { ModelState, ResourceKind } from './resource.ts';
import { Table } from './table.ts';

interface Tables {
  readonly scenario: Table<ScenarioRecord>;
  readonly package: Table<PackageRecord>;
  readonly model: Table<ModelRecord>;
  readonly node: Table<NodeRecord>;
  readonly intent: Table<Intent>;
  readonly containerCounts: Table<ContainerCounts>;
  readonly modelCounts: Table<ModelCounts>;
  readonly packagesOf: Table<readonly string[]>;
  readonly nodesOf: Table<readonly string[]>;
  readonly scenariosTargeting: Table<readonly string[]>;
  readonly existing: Table<number>;
  readonly removed: Table<true>;
}

const NONE: readonly string[] = [];

/**
 * The records of a fleet and what is derived from them, kept up with every put: roll-ups cost nothing to look up.
 *
 * A fleet can be laid over another: it reads through, and keeps what is put to itself until the other absorbs it.
 */
export class Fleet {
  readonly #tables: Tables;

  constructor(base?: Fleet) {
    const under = base === undefined ? undefined : base.#tables;
    this.#tables = {
      scenario: new Table(under?.scenario),
      package: new Table(under?.package),
      model: new Table(under?.model),
      node: new Table(under?.node),
      intent: new Table(under?.intent),
      containerCounts: new Table(under?.containerCounts),
      modelCounts: new Table(under?.modelCounts),
      packagesOf: new Table(under?.packagesOf),
      nodesOf: new Table(under?.nodesOf),
      scenariosTargeting: new Table(under?.scenariosTargeting),
      existing: new Table(under?.existing),
      removed: new Table(under?.removed),
    };
  }

  /** What is remembered of a resource; undefined if it is not known. */
  record<K extends ResourceKind>(kind: K, name: string): RecordOf[K] | undefined {
    return this.#records(kind).get(name);
  }

  /** What a node said last. */
  node(name: string): NodeRecord | undefined {
    return this.#tables.node.get(name);
  }

  /** A package's intent, if it is to be reconciled. */
  intent(packageName: string): Intent | undefined {
    return this.#tables.intent.get(packageName);
  }

  /** How many containers of a model are in which state, on all nodes. */
  containerCounts(model: string): ContainerCounts {
    return this.#tables.containerCounts.get(model) ?? NO_CONTAINERS;
  }

  /** How many models of a package are in which state. */
  modelCounts(packageName: string): ModelCounts {
    return this.#tables.modelCounts.get(packageName) ?? NO_MODELS;
  }

  /** The packages whose definitions name a model. */
  packagesOf(model: string): readonly string[] {
    return this.#tables.packagesOf.get(model) ?? NONE;
  }

  /** The nodes that report containers of a model, by name. */
  nodesOf(model: string): readonly string[] {
    return this.#tables.nodesOf.get(model) ?? NONE;
  }

  /** The scenarios whose definitions target a package, by name. */
  scenariosTargeting(packageName: string): readonly string[] {
    return this.#tables.scenariosTargeting.get(packageName) ?? NONE;
  }

  /** How many resources of a kind have a state, or how many nodes are known. */
  count(kind: ResourceKind | 'node'): number {
    return kind === 'node' ? this.#tables.node.size : (this.#tables.existing.get(kind) ?? 0);
  }

  /** `<kind>/<name>` of what was removed and is remembered, oldest first. */
  removed(): IterableIterator<string> {
    return this.#tables.removed.names();
  }

  /** How many removed resources are remembered. */
  removedCount(): number {
    return this.#tables.removed.size;
  }

  /** The names of all records of a kind, those without a state included. */
  names(kind: ResourceKind | 'node' | 'intent'): IterableIterator<string> {
    return this.#tables[kind].names();
  }

  /**
   * Puts a resource's record; undefined forgets it altogether. Whoever has just looked up the one before may give it
   * along, which saves looking it up again; giving any other makes the counts wrong.
   */
  putRecord<K extends ResourceKind>(
    kind: K,
    name: string,
    record: RecordOf[K] | undefined,
    before = this.#records(kind).get(name),
  ): void {
    this.#records(kind).set(name, record, before);
    const delta =
      Number(record !== undefined && record.state !== null) - Number(before !== undefined && before.state !== null);
    if (delta !== 0) this.#tables.existing.set(kind, this.count(kind) + delta);
    if (record?.removed !== before?.removed) this.#tables.removed.set(`${kind}/${name}`, record?.removed);
    if (kind === 'model') this.#modelMoved(name, before as ModelRecord | undefined, record as ModelRecord | undefined);
    if (kind === 'package')
      this.#packageRead(name, before as PackageRecord | undefined, record as PackageRecord | undefined);
    if (kind === 'scenario')
      this.#scenarioRead(name, before as ScenarioRecord | undefined, record as ScenarioRecord | undefined);
  }

  /**
   * Puts what a node said; undefined forgets the node. Returns the models of which it says something else now: only
   * their counts were touched.
   */
  putNode(name: string, record: NodeRecord | undefined): readonly string[] {
    const known = this.#tables.node.get(name);
    const differences = compareWords(known?.containers ?? [], record?.containers ?? []);
    this.#tables.node.set(name, record, known);
    for (const { model, before, after } of differences) {
      this.#recount(model, before, after);
      if (before.length === 0) this.#tables.nodesOf.set(model, withName(this.nodesOf(model), name).sort());
      if (after.length === 0) this.#tables.nodesOf.set(model, without(this.nodesOf(model), name));
    }
    return differences.map(({ model }) => model);
  }

  /** Puts a package's intent; undefined ends it. */
  putIntent(packageName: string, intent: Intent | undefined): void {
    this.#tables.intent.set(packageName, intent);
  }

  /** Takes over what was put into a fleet laid over this one. */
  absorb(overlay: Fleet): void {
    for (const name of Object.keys(this.#tables) as (keyof Tables)[]) {
      (this.#tables[name] as Table<unknown>).absorb(overlay.#tables[name]);
    }
  }

  /**
   * Reads through to another fleet from now on, which has to say what the base says: the one that has absorbed the base,
   * so that overlays of overlays do not pile up.
   */
  rebase(base: Fleet): void {
    for (const name of Object.keys(this.#tables) as (keyof Tables)[]) {
      (this.#tables[name] as Table<unknown>).rebase(base.#tables[name]);
    }
  }

  /** The records put here, over the base; undefined for those forgotten. */
  changedRecords<K extends ResourceKind>(kind: K): IterableIterator<[string, RecordOf[K] | undefined]> {
    return this.#records(kind).own();
  }

  /** Whether a record or a node's word was put here, over the base. */
  hasOwn(kind: ResourceKind | 'node', name: string): boolean {
    return (this.#tables[kind] as Table<unknown>).hasOwn(name);
  }

  /** The nodes put here, over the base; undefined for those forgotten. */
  changedNodes(): IterableIterator<[string, NodeRecord | undefined]> {
    return this.#tables.node.own();
  }

  /** The intents put here, over the base; undefined for those ended. */
  changedIntents(): IterableIterator<[string, Intent | undefined]> {
    return this.#tables.intent.own();
  }

  #records<K extends ResourceKind>(kind: K): Table<RecordOf[K]> {
    return this.#tables[kind] as Table<unknown> as Table<RecordOf[K]>;
  }

  #modelMoved(name: string, was: ModelRecord | undefined, is: ModelRecord | undefined): void {
    const from = was?.state ?? 'absent';
    const to = is?.state ?? 'absent';
    if (from === to) return;
    for (const packageName of this.packagesOf(name)) {
      const before = this.#tables.modelCounts.get(packageName);
      const counts = { ...(before ?? NO_MODELS) };
      counts[from] -= 1;
      counts[to] += 1;
      this.#tables.modelCounts.set(packageName, counts, before);
    }
  }

  #packageRead(name: string, before: PackageRecord | undefined, after: PackageRecord | undefined): void {
    const from = before?.definition?.models ?? NONE;
    const to = after?.definition?.models ?? NONE;
    if (from === to) return;
    const [left, joined] = onlyIn(from, to);
    for (const model of left) this.#tables.packagesOf.set(model, without(this.packagesOf(model), name));
    for (const model of joined) this.#tables.packagesOf.set(model, withName(this.packagesOf(model), name));
    const counts: Record<ModelState | 'absent', number> = { ...NO_MODELS };
    for (const model of to) counts[this.record('model', model)?.state ?? 'absent'] += 1;
    this.#tables.modelCounts.set(name, to.length === 0 ? undefined : counts);
  }

  #scenarioRead(name: string, before: ScenarioRecord | undefined, after: ScenarioRecord | undefined): void {
    const from = before?.definition?.target ?? '';
    const to = after?.definition?.target ?? '';
    if (from === to) return;
    if (from !== '') this.#tables.scenariosTargeting.set(from, without(this.scenariosTargeting(from), name));
    if (to !== '') this.#tables.scenariosTargeting.set(to, withName(this.scenariosTargeting(to), name).sort());
  }

  #recount(model: string, before: readonly Observation[], after: readonly Observation[]): void {
    const known = this.#tables.containerCounts.get(model);
    const counts = { ...(known ?? NO_CONTAINERS) };
    for (const { rule } of before) counts[containerStateOf(rule)] -= 1;
    for (const { rule } of after) counts[containerStateOf(rule)] += 1;
    this.#tables.containerCounts.set(model, total(counts) === 0 ? undefined : counts, known);
  }
}

/**
 * The names and one more, in an array of just that size: most of them hold one name for as long as the fleet lives, and a
 * literal has room for sixteen more.
 */
function withName(names: readonly string[], name: string): string[] {
  return names.concat(name);
}

function without(names: readonly string[], name: string): readonly string[] | undefined {
  const rest = names.filter((other) => other !== name);
  return rest.length === 0 ? undefined : rest;
}

/** What is only in the first, and what is only in the second. */
function onlyIn(a: readonly string[], b: readonly string[]): [readonly string[], readonly string[]] {
  const inA = new Set(a);
  const inB = new Set(b);
  return [a.filter((name) => !inB.has(name)), b.filter((name) => !inA.has(name))];
}
