import type {
  ContainerFacts,
  ContainerState,
  ModelState,
  PackageState,
  ReportedContainer,
  ScenarioState,
} from '../src/index.ts';

/*
 * The rules a second time, written from the specification's words and not from the code: as slow and as plain as can
 * be, on lists instead of counts.
 */

/** A container's state. */
export function naiveContainer(facts: ContainerFacts, clean: ReadonlySet<number>): ContainerState {
  const { status, running, dead, oomKilled, exitCode } = facts;
  if (dead) return 'Dead';
  switch (status) {
    case 'dead':
      return 'Dead';
    case 'exited':
    case 'stopped':
    case 'removing': {
      const crashed = exitCode !== undefined && ![...clean].includes(exitCode);
      return crashed || oomKilled ? 'Dead' : 'Exited';
    }
    case 'paused':
      return 'Paused';
    case 'running':
    case 'restarting':
    case 'stopping':
      return 'Running';
    case 'initialized':
      return 'Initialized';
    case 'created':
    case 'configured':
      return 'Created';
    case '':
      return running ? 'Running' : 'Unknown';
    default:
      return 'Unknown';
  }
}

/** A model's state from its containers, of which there is at least one. */
export function naiveModel(containers: readonly ContainerState[]): ModelState {
  if (containers.includes('Dead')) return 'Dead';
  if (containers.every((c) => c === 'Paused')) return 'Paused';
  if (containers.every((c) => c === 'Exited')) return 'Exited';
  return 'Running';
}

/** Whether a model is Running only because a container is Unknown. */
export function naiveDoubt(containers: readonly ContainerState[]): boolean {
  const known = containers.filter((c) => c !== 'Unknown');
  const isRunning = containers.length > 0 && naiveModel(containers) === 'Running';
  const staysRunning = known.length > 0 && naiveModel(known) === 'Running';
  return isRunning && !staysRunning;
}

/** A package's state from its models; null is one that is only named. */
export function naivePackage(models: readonly (ModelState | null)[]): PackageState {
  if (models.length === 0 || models.every((m) => m === null)) return 'Idle';
  const states = models.map((m) => m ?? 'Created');
  if (states.every((s) => s === 'Dead')) return 'Error';
  if (states.includes('Dead')) return 'Degraded';
  if (states.every((s) => s === 'Paused')) return 'Paused';
  if (states.every((s) => s === 'Exited')) return 'Exited';
  return 'Running';
}

/** Whether a scenario may go from one state (null: absent) to another. */
export function naiveScenario(from: ScenarioState | null, to: ScenarioState): boolean {
  if (to === 'Idle') return true;
  if (to === 'Waiting') return from === null || from === 'Idle';
  if (to === 'Satisfied') return from === 'Waiting';
  if (to === 'Allowed' || to === 'Denied') return from === 'Satisfied';
  return from === 'Allowed';
}

/** What a node says of one model, as text that is equal exactly if it says the same; empty if it says nothing. */
export function naiveWord(containers: readonly ReportedContainer[], model: string, clean: ReadonlySet<number>): string {
  const lines = containers
    .filter((c) => c.model === model)
    .map((c) => {
      const state = naiveContainer(c, clean);
      const ended = state === 'Dead' || state === 'Exited';
      const code = ended && c.exitCode !== undefined && !Number.isNaN(c.exitCode) ? String(c.exitCode) : '-';
      return [c.name, state, code, ended && c.oomKilled ? 'oom' : ''].join(' ');
    });
  return lines.sort().join('\n');
}

/** Every list of up to `length` of the items, the empty one included. */
export function listsOf<T>(items: readonly T[], length: number): T[][] {
  if (length === 0) return [[]];
  const shorter = listsOf(items, length - 1);
  const longest = shorter.filter((list) => list.length === length - 1);
  return [...shorter, ...longest.flatMap((list) => items.map((item) => [...list, item]))];
}
