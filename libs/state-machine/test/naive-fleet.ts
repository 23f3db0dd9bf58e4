import {
  parseState,
  RESOURCE_KINDS,
  type Input,
  type ModelState,
  type PackageState,
  type RejectionCode,
  type ReportedContainer,
  type ResourceKind,
  type ResourceState,
  type RuleOptions,
  type ScenarioState,
} from '../src/index.ts';
import { MODELS, PACKAGES, SCENARIOS } from './inputs.ts';
import { blank, type NaiveResource } from './naive-resource.ts';
import { naiveContainer, naiveDoubt, naiveModel, naivePackage, naiveScenario, naiveWord } from './naive-rules.ts';

type Outcome = 'accepted' | RejectionCode;
type Resources = Record<ResourceKind, Map<string, NaiveResource>>;

/**
 * The rules a second time, as one plain procedure over everything there is: after every input it looks at every word
 * of every node, at every model, and at every package.
 */
export class NaiveFleet {
  readonly words = new Map<string, readonly ReportedContainer[]>();
  readonly resources: Resources = {
    scenario: new Map(SCENARIOS.map((name) => [name, blank()])),
    package: new Map(PACKAGES.map((name) => [name, blank()])),
    model: new Map(MODELS.map((name) => [name, blank()])),
  };
  /** Of the packages, in words. */
  readonly #documents = new Map<string, string>();
  readonly #options: RuleOptions;

  constructor(options: RuleOptions) {
    this.#options = options;
  }

  get(kind: ResourceKind, name: string): NaiveResource {
    return this.resources[kind].get(name) ?? blank();
  }

  /** Follows an input; returns whether it was accepted, or why not. */
  follow(input: Input): Outcome {
    const before = this.#states();
    const evaluated = new Set<string>();
    const outcome = this.#hear(input, evaluated);
    this.#removeModelsThatNothingHolds();
    for (const name of MODELS) {
      if (this.get('model', name).state === before.get(`model ${name}`)) continue;
      for (const p of PACKAGES) if (this.get('package', p).names?.includes(name)) evaluated.add(p);
    }
    for (const name of evaluated) {
      const pkg = this.get('package', name);
      if (pkg.names !== undefined)
        pkg.state = naivePackage(pkg.names.map((m) => this.#model(m).state as ModelState | null));
    }
    for (const kind of RESOURCE_KINDS) {
      for (const [name, resource] of this.resources[kind]) {
        if (resource.state !== before.get(`${kind} ${name}`)) resource.generation += 1;
      }
    }
    this.#matchIntents(input);
    return outcome;
  }

  /** Everything that can be compared: states, generations, applied changes, absences, offloads, intents, backoffs. */
  summarize(): unknown {
    const all = RESOURCE_KINDS.map((kind) => [...this.resources[kind]].sort(([a], [b]) => (a < b ? -1 : 1)));
    return {
      resources: RESOURCE_KINDS.flatMap((kind, i) =>
        (all[i] ?? [])
          .filter(([, { generation }]) => generation !== 0)
          .map(([name, { state, generation, applied }]) => {
            return [`${kind} ${name}`, state, generation, applied.map(({ id, target }) => `${id} ${target}`)];
          }),
      ),
      models: MODELS.map((name) => this.#model(name)).map(({ missing, doubt, offload }) => {
        return [missing, doubt, offload?.id, offload?.targetNode];
      }),
      packages: PACKAGES.map((name) => this.get('package', name)).map(({ intent, backoff, paused }) => {
        return [intent?.id, intent?.attempts, backoff?.intent, backoff?.attempts, paused];
      }),
      counts: [...all.map((list) => list.filter(([, { state }]) => state !== null).length), this.words.size],
    };
  }

  #hear(input: Input, evaluated: Set<string>): Outcome {
    switch (input.type) {
      case 'report':
        this.#hearReport(input.node, input.containers);
        return 'accepted';
      case 'change':
        return this.#hearChange(input);
      case 'package-defined':
        // The document is the one that is known: whoever begins to lead says all of them again.
        if (this.#documents.get(input.name) === `${input.revision} ${[...new Set(input.models)].join()}`)
          return 'accepted';
        this.#documents.set(input.name, `${input.revision} ${[...new Set(input.models)].join()}`);
        this.get('package', input.name).names = [...new Set(input.models)];
        evaluated.add(input.name);
        return 'accepted';
      case 'scenario-defined':
        this.get('scenario', input.name).names = [];
        return 'accepted';
      case 'package-undefined':
      case 'scenario-undefined': {
        const resource = this.get(input.type === 'package-undefined' ? 'package' : 'scenario', input.name);
        if (resource.names !== undefined) Object.assign(resource, { state: null, paused: false });
        resource.names = undefined;
        if (input.type === 'package-undefined') this.#documents.delete(input.name);
        return 'accepted';
      }
      case 'grace-over': {
        const model = this.#model(input.model);
        if (model.missing === input.episode) this.#gone(model);
        return 'accepted';
      }
      case 'offload-answered': {
        const model = this.#model(input.model);
        model.generation += 1;
        if (input.accepted) model.offload = { id: input.id, targetNode: input.targetNode };
        return 'accepted';
      }
      case 'offload-over': {
        const model = this.#model(input.model);
        if (model.offload?.id === input.id) model.offload = undefined;
        return 'accepted';
      }
      case 'attempt-started':
      case 'attempt-ended':
        return this.#hearAttempt(input);
      case 'backoff-over': {
        const pkg = this.get('package', input.packageName);
        if (pkg.intent === undefined && pkg.backoff?.intent === input.intent) pkg.backoff = undefined;
        return 'accepted';
      }
      case 'node-silent':
        throw new Error('sequences have no silence: it has tests of its own');
      case 'node-forgotten':
        return this.#hearForgotten(input.node);
      case 'resource-deleted':
        return this.#hearDeleted(input.kind, input.name);
      case 'reconcile-paused':
      case 'reconcile-resumed': {
        const pkg = this.get('package', input.packageName);
        if (pkg.state === null) return 'resource_not_found';
        pkg.paused = input.type === 'reconcile-paused';
        return 'accepted';
      }
      case 'leading':
        return 'accepted';
    }
  }

  #hearReport(node: string, containers: readonly ReportedContainer[], isFinal = false): void {
    const clean = this.#options.cleanExitCodes;
    const old = this.words.get(node) ?? [];
    this.words.set(node, containers);
    for (const name of MODELS) {
      if (naiveWord(old, name, clean) === naiveWord(containers, name, clean)) continue;
      const model = this.#model(name);
      const all = this.#containersOf(name);
      model.requested = false;
      if (model.offload?.targetNode === node && containers.some((c) => c.model === name)) model.offload = undefined;
      if (all.length > 0) {
        const states = all.map((c) => naiveContainer(c, clean));
        model.state = naiveModel(states);
        model.doubt = naiveDoubt(states);
        model.missing = undefined;
      } else {
        model.doubt = false;
        if (!this.#isNamed(name) || model.state === 'Exited' || model.missing !== undefined) continue;
        this.#goMissing(model);
        if (isFinal) this.#gone(model);
      }
    }
  }

  /** As if it reported nothing, without grace; then it is as if it had never been. */
  #hearForgotten(node: string): Outcome {
    if (!this.words.has(node)) return 'resource_not_found';
    this.#hearReport(node, [], true);
    this.words.delete(node);
    return 'accepted';
  }

  #hearDeleted(kind: ResourceKind, name: string): Outcome {
    const resource = this.get(kind, name);
    if (resource.state === null) return 'resource_not_found';
    const isObserved = kind === 'model' && (this.#isNamed(name) || this.#containersOf(name).length > 0);
    if (isObserved || resource.names !== undefined) return 'precondition_failed';
    Object.assign(resource, { state: null, requested: false, offload: undefined, paused: false });
    return 'accepted';
  }

  #goMissing(model: NaiveResource): void {
    if (this.#options.missingGraceMs === 0 && model.offload === undefined) return this.#gone(model);
    model.episodes += 1;
    model.missing = model.episodes;
  }

  #gone(model: NaiveResource): void {
    model.state = this.#options.missingAs;
    model.missing = undefined;
    model.offload = undefined;
  }

  #hearChange(input: Extract<Input, { type: 'change' }>): Outcome {
    const { kind, name, transitionId: id } = input;
    const isLong = (text: string): boolean => Buffer.byteLength(text) > 253;
    if (kind === undefined || name === '' || name === '-a' || !input.stamped) return 'invalid_request';
    if (id === '' || isLong(id) || input.source === '' || isLong(input.source)) return 'invalid_request';
    const target = parseState(kind, input.targetState);
    if (target === undefined) return 'invalid_request';
    const resource = this.get(kind, name);
    if (resource.applied.some((a) => a.id === id && a.target === target)) return 'accepted';
    if (resource.state === target) {
      if (resource.missing !== undefined) Object.assign(resource, { missing: undefined, requested: true });
      return 'accepted';
    }
    const counted = resource.state ?? (kind === 'model' ? 'Created' : 'Idle');
    if (input.currentState !== '' && parseState(kind, input.currentState) !== counted) return 'precondition_failed';
    const from = resource.state as ScenarioState | null;
    if (kind === 'scenario' && !naiveScenario(from, target as ScenarioState)) return 'invalid_state_transition';
    resource.state = target;
    Object.assign(resource, { requested: true, missing: undefined, doubt: false });
    resource.applied = [...resource.applied, { id, target }].slice(-32);
    return 'accepted';
  }

  #hearAttempt(input: Extract<Input, { type: 'attempt-started' | 'attempt-ended' }>): Outcome {
    const pkg = this.get('package', input.packageName);
    const { intent } = pkg;
    if (intent === undefined || intent.id !== input.intent) return 'precondition_failed';
    const count = (by: number): void => {
      intent.attempts = Math.max(0, intent.attempts + by);
      const attempts = Math.max(0, (pkg.backoff?.attempts ?? 0) + by);
      pkg.backoff = attempts === 0 ? undefined : { attempts, intent: intent.id };
    };
    if (input.type === 'attempt-started') count(1);
    else if (input.outcome === 'unreachable' && intent.running) count(-1);
    intent.running = input.type === 'attempt-started';
    return 'accepted';
  }

  #removeModelsThatNothingHolds(): void {
    for (const name of MODELS) {
      const model = this.#model(name);
      const isHeld = this.#isNamed(name) || model.requested || this.#containersOf(name).length > 0;
      if (model.state === null || isHeld) continue;
      Object.assign(model, { state: null, missing: undefined, offload: undefined });
    }
  }

  #matchIntents(input: Input): void {
    for (const name of PACKAGES) {
      const pkg = this.get('package', name);
      const wants = pkg.state !== null && this.#options.reconcileOn.has(pkg.state as PackageState);
      if (!wants) pkg.intent = undefined;
      if (!wants || pkg.intent !== undefined) continue;
      if (input.type === 'leading') throw new Error('the intents matched the states before');
      pkg.intent = { id: `${name}/${pkg.generation}`, attempts: 0, running: false };
      if (pkg.backoff !== undefined) pkg.backoff = { ...pkg.backoff, intent: pkg.intent.id };
    }
  }

  #model(name: string): NaiveResource {
    return this.get('model', name);
  }

  #isNamed(model: string): boolean {
    return PACKAGES.some((p) => this.get('package', p).names?.includes(model));
  }

  #containersOf(model: string): readonly ReportedContainer[] {
    return [...this.words.values()].flat().filter((c) => c.model === model);
  }

  #states(): Map<string, ResourceState | null> {
    const all = RESOURCE_KINDS.flatMap((kind) =>
      [...this.resources[kind]].map(([n, r]) => [`${kind} ${n}`, r.state] as const),
    );
    return new Map(all);
  }
}
