import { createHash } from 'node:crypto';
import type { ContainerSpec } from './fleet-file.ts';

/** What a simulated container does; `removed` is one that Podman no longer lists. */
export type ContainerState = 'running' | 'paused' | 'exited' | 'removed';

/** A simulated container. */
export interface Container {
  readonly name: string;
  readonly image: string;
  /** 64 hex digits; another after it was removed and created again. */
  id: string;
  state: ContainerState;
  exitCode: number;
  oomKilled: boolean;
  /** The process id, 0 while there is no process. */
  pid: number;
  startedAt: Date;
  /** When it last ended; undefined if it never did. */
  finishedAt: Date | undefined;
}

/** What a container needs from its surroundings to change: the time, and a process id for a new process. */
export interface Machine {
  readonly now: () => Date;
  readonly nextPid: () => number;
}

/** What an order may do to a container. */
export type ContainerAction = 'crash' | 'pause' | 'unpause' | 'stop' | 'start' | 'remove' | 'restart';

/** How a container ends. */
export interface Ending {
  readonly exitCode: number;
  readonly oomKilled: boolean;
}

/** For each action: the states it applies to, and what it does. */
export const CONTAINER_ACTIONS: Readonly<
  Record<
    ContainerAction,
    {
      readonly from: readonly ContainerState[];
      readonly apply: (container: Container, ending: Ending, machine: Machine) => void;
    }
  >
> = {
  crash: { from: ['running', 'paused'], apply: end },
  pause: { from: ['running'], apply: (container) => void (container.state = 'paused') },
  unpause: { from: ['paused'], apply: (container) => void (container.state = 'running') },
  stop: { from: ['running', 'paused'], apply: end },
  start: { from: ['exited'], apply: (container, _ending, machine) => run(container, machine) },
  remove: { from: ['running', 'paused', 'exited'], apply: remove },
  restart: { from: ['running', 'paused', 'exited', 'removed'], apply: restart },
};

/** A container as Podman has it right after `podman run`. */
export function createContainer(spec: ContainerSpec, machine: Machine, owner: string): Container {
  const container: Container = {
    ...spec,
    id: hexId(`${owner}/${spec.name}`),
    state: 'removed',
    exitCode: 0,
    oomKilled: false,
    pid: 0,
    startedAt: machine.now(),
    finishedAt: undefined,
  };
  run(container, machine);
  return container;
}

/** A Podman-like id: 64 hex digits, the same for the same seed, so that a restarted simulation keeps its ids. */
export function hexId(seed: string): string {
  return createHash('sha256').update(seed).digest('hex');
}

function run(container: Container, machine: Machine): void {
  container.state = 'running';
  container.exitCode = 0;
  container.oomKilled = false;
  container.pid = machine.nextPid();
  container.startedAt = machine.now();
}

function end(container: Container, ending: Ending, machine: Machine): void {
  container.state = 'exited';
  container.exitCode = ending.exitCode;
  container.oomKilled = ending.oomKilled;
  container.pid = 0;
  container.finishedAt = machine.now();
}

function remove(container: Container): void {
  container.state = 'removed';
  container.pid = 0;
}

function restart(container: Container, _ending: Ending, machine: Machine): void {
  if (container.state === 'removed') {
    container.id = hexId(container.id);
    container.finishedAt = undefined;
  } else if (container.state !== 'exited') {
    container.finishedAt = machine.now();
  }
  run(container, machine);
}
