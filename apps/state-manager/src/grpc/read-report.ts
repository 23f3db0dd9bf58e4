import { Code, ConnectError } from '@connectrpc/connect';
import type { monitoringserver } from '@statemanager/proto';
import { MAX_NAME_LENGTH, NAME_RULE, isName, type ReportedContainer } from '@statemanager/state-machine';

/** What a node says, and what of it could not be placed. */
export interface ReadReport {
  readonly node: string;
  readonly containers: readonly ReportedContainer[];
  /** Containers that name a model by something that is no name: `<container>: <value>`. */
  readonly misnamed: readonly string[];
}

/** Where a container says which model it belongs to: the first that is present counts. */
export const ANNOTATIONS = ['io.pullpiri.annotations.model', 'pullpiri.model', 'model'] as const;
/** The configuration that says so where no annotation does. */
export const CONFIG = 'model';
/** How a container is named that belongs to the model of the rest of its name. */
export const NAME_PREFIX = 'model-';
/** What of a container's state matters, as Podman spells it. */
export const FACTS = ['Status', 'Running', 'Dead', 'OOMKilled', 'ExitCode'] as const;

/**
 * Reads a NodeAgent's report. Throws a ConnectError only for a bad node name, or for too many containers; a container
 * that is nobody's is left out, and the rest of the report stands.
 */
export function readReport(list: monitoringserver.ContainerList, maxContainersCount: number): ReadReport {
  if (!isName(list.nodeName)) throw new ConnectError(`node_name must be ${NAME_RULE}`, Code.InvalidArgument);
  if (list.containers.length > maxContainersCount) {
    const count = `containers has ${list.containers.length} entries, and may have ${maxContainersCount}`;
    throw new ConnectError(`${count} (--max-containers-count)`, Code.ResourceExhausted);
  }
  const containers: ReportedContainer[] = [];
  const misnamed: string[] = [];
  for (const info of list.containers) {
    const model = modelOf(info);
    if (model === undefined) continue;
    if (isName(model)) containers.push(containerOf(model, nameOf(info), factsOf(info)));
    else misnamed.push(describeMisnamed(nameOf(info), model));
  }
  return { node: list.nodeName, containers, misnamed };
}

function modelOf(info: monitoringserver.ContainerInfo): string | undefined {
  for (const key of ANNOTATIONS) {
    const value = info.annotation[key];
    if (value !== undefined) return value;
  }
  const configured = info.config[CONFIG];
  if (configured !== undefined) return configured;
  const named = info.names.map(withoutSlash).find((name) => name.startsWith(NAME_PREFIX));
  return named?.slice(NAME_PREFIX.length);
}

/** A container as its facts tell, in the order of {@link FACTS}. */
export function containerOf(
  model: string,
  name: string,
  [status, running, dead, oomKilled, exitCode]: readonly (string | undefined)[],
): ReportedContainer {
  return {
    model,
    name,
    status: (status ?? '').trim().toLowerCase(),
    running: isTrue(running),
    dead: isTrue(dead),
    oomKilled: isTrue(oomKilled),
    exitCode: exitCodeOf(exitCode),
  };
}

/** How a container is told of that names a model by no name. */
export function describeMisnamed(name: string, model: string): string {
  return `${name}: ${JSON.stringify(model.slice(0, MAX_NAME_LENGTH))}`;
}

/** A container is known by its first name, or by its id if it has none. */
function nameOf(info: monitoringserver.ContainerInfo): string {
  return (withoutSlash(info.names[0] ?? '') || info.id).slice(0, MAX_NAME_LENGTH);
}

/** A container's name as people write it. */
export function withoutSlash(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name;
}

/** Each fact as Podman spells it, or in lower case as some of its versions do. */
function factsOf({ state }: monitoringserver.ContainerInfo): readonly (string | undefined)[] {
  return FACTS.map((name) => state[name] ?? state[name.toLowerCase()]);
}

/** Whether a fact says yes. */
function isTrue(text: string | undefined): boolean {
  return text?.trim().toLowerCase() === 'true';
}

/** The exit code that a fact gives; undefined if it gives none, NaN if it is no number. */
function exitCodeOf(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  if (trimmed === '') return undefined;
  return /^[+-]?\d{1,10}$/.test(trimmed) ? Number(trimmed) : Number.NaN;
}
