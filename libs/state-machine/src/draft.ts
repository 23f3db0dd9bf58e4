import type { Decision, Input, RuleOptions } from './decision.ts';
import { Fleet } from './fleet.ts';
import { APPLIED_CHANGES_COUNT, blankRecord, type RecordOf, type Transition } from './record.ts';
import type { ResourceKind, StateOf } from './resource.ts';

/** What moves a resource: everything of a transition that does not follow from the resource itself. */
export interface Move {
  readonly rule: string;
  readonly cause: string;
  readonly source: string;
  readonly transitionId?: string | undefined;
}

/** What happened to a package's models or definition. */
export interface Touch {
  readonly changes: string[];
  readonly source: string;
  readonly transitionId?: string | undefined;
}

/** A decision in the making: the changes so far, and the transitions in their order. */
export class Draft {
  readonly fleet: Fleet;
  readonly options: RuleOptions;
  readonly at: number;
  readonly transitions: Transition[] = [];
  /** The packages to evaluate once everything below them is settled. */
  readonly touched = new Map<string, Touch>();

  constructor(view: Fleet, input: Input, options: RuleOptions) {
    this.fleet = new Fleet(view);
    this.options = options;
    this.at = input.at;
  }

  /** A resource's record; a blank one if it is not known. */
  record<K extends ResourceKind>(kind: K, name: string): RecordOf[K] {
    return this.fleet.record(kind, name) ?? blankRecord(kind);
  }

  /**
   * Changes parts of a record that are no transition, and gives what it is now. A part that is undefined is taken out.
   * Whoever has just looked up the record may give it along.
   */
  amend<K extends ResourceKind>(
    kind: K,
    name: string,
    parts: Partial<Loose<RecordOf[K]>>,
    before = this.record(kind, name),
  ): RecordOf[K] {
    return this.#put(kind, name, withParts(before, parts), before);
  }

  /**
   * Moves a resource into a state (null: removes it) and notes it in the history. Whoever has just looked up its record
   * may give it along.
   */
  transition<K extends ResourceKind>(
    kind: K,
    name: string,
    to: StateOf[K] | null,
    move: Move,
    before = this.record(kind, name),
  ): Transition {
    const generation = before.generation + 1;
    const { rule, cause, source, transitionId } = move;
    const transition: Transition = {
      kind,
      name,
      from: before.state,
      to,
      at: this.at,
      rule,
      cause,
      source,
      ...(transitionId === undefined ? undefined : { transitionId }),
      generation,
    };
    this.transitions.push(transition);
    const since = before.state === to ? before.since : this.at;
    const removed = to === null ? true : undefined;
    const parts = { state: to, since, rule, cause, source, generation, removed };
    this.#put(kind, name, withParts(before, parts as Partial<Loose<RecordOf[K]>>), before);
    return transition;
  }

  /** Remembers an applied change of a resource. */
  remember(kind: ResourceKind, name: string, id: string, target: StateOf[ResourceKind]): void {
    const applied = [...this.record(kind, name).applied, { id, target }].slice(-APPLIED_CHANGES_COUNT);
    this.amend(kind, name, { applied });
  }

  decision(message: string): Decision {
    return { accepted: true, changes: this.fleet, transitions: this.transitions, message };
  }

  /** Puts a record in the place of the one before, which is a blank one if there was none. */
  #put<K extends ResourceKind>(kind: K, name: string, record: RecordOf[K], before: RecordOf[K]): RecordOf[K] {
    this.fleet.putRecord(kind, name, record, before === blankRecord(kind) ? undefined : before);
    return record;
  }
}

type Loose<T> = { [P in keyof T]: T[P] | undefined };

/** A record with other parts; one that is undefined is not in it at all. */
function withParts<R extends object>(record: R, parts: Partial<Loose<R>>): R {
  const merged = { ...record } as Record<string, unknown>;
  let leftOut = false;
  for (const [name, value] of Object.entries(parts)) {
    if (value === undefined && !(name in merged)) continue;
    merged[name] = value;
    leftOut ||= value === undefined;
  }
  if (!leftOut) return merged as R;
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)) as R;
}
