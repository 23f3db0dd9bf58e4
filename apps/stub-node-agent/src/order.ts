import { CONTAINER_ACTIONS } from './container.ts';
import type { ContainerAction, Ending } from './container.ts';
import { fieldOf, readContainers, readName } from './fleet-file.ts';
import type { ModelSpec } from './fleet-file.ts';
import type { Refusal } from './refusal.ts';

/** Which containers an order is for: those that fit everything given. */
export interface Target {
  readonly node?: string;
  readonly model?: string;
  readonly container?: string;
}

/** What can be ordered. `afterMs` is how long it takes to have its effect. */
export type Order = { readonly afterMs: number } & (
  | { readonly action: ContainerAction; readonly target: Target; readonly ending: Ending }
  | { readonly action: 'add'; readonly node: string; readonly model: ModelSpec }
  | { readonly action: 'move'; readonly model: string; readonly from: string; readonly to: string }
);

/** The longest time an order may wait for its effect. */
export const MAX_AFTER_MS = 3_600_000;

const ACTIONS: readonly string[] = [...Object.keys(CONTAINER_ACTIONS), 'add', 'move'];
const TARGET_FIELDS = ['node', 'model', 'container'] as const;

/** Reads an order as it came in JSON. A refusal names every field that is wrong. */
export function decodeOrder(value: unknown): Order | Refusal {
  const problems: string[] = [];
  const action = fieldOf(value, 'action');
  if (typeof action !== 'string' || !ACTIONS.includes(action)) {
    return { status: 400, error: `action: must be one of ${ACTIONS.join(', ')}` };
  }
  const order = { ...decodeAction(action, value, problems), afterMs: readAfterMs(value, problems) };
  for (const field of Object.keys(value as object)) {
    if (!fieldsOf(action).includes(field)) problems.push(`${field}: '${action}' has no such field`);
  }
  return problems.length > 0 ? { status: 400, error: problems.join('; ') } : order;
}

type WithoutTime<T> = T extends unknown ? Omit<T, 'afterMs'> : never;

function decodeAction(action: string, value: unknown, problems: string[]): WithoutTime<Order> {
  const name = (field: string) => readName(fieldOf(value, field), field, problems);
  switch (action) {
    case 'add': {
      const model = name('model');
      const containers = readContainers(fieldOf(value, 'containers'), model, 'containers', problems);
      return { action, node: name('node'), model: { name: model, containers } };
    }
    case 'move':
      return { action, model: name('model'), from: name('from'), to: name('to') };
    default:
      return {
        action: action as ContainerAction,
        target: readTarget(value, problems),
        ending: readEnding(action, value, problems),
      };
  }
}

function fieldsOf(action: string): readonly string[] {
  const own = {
    add: ['node', 'model', 'containers'],
    move: ['model', 'from', 'to'],
    crash: [...TARGET_FIELDS, 'exitCode', 'oom'],
    stop: [...TARGET_FIELDS, 'exitCode'],
  };
  return ['action', 'afterMs', ...(own[action as keyof typeof own] ?? TARGET_FIELDS)];
}

function readTarget(value: unknown, problems: string[]): Target {
  const given = TARGET_FIELDS.filter((field) => fieldOf(value, field) !== undefined);
  if (given.length === 0) problems.push('node, model or container: at least one must be given');
  return Object.fromEntries(given.map((field) => [field, readName(fieldOf(value, field), field, problems)]));
}

function readEnding(action: string, value: unknown, problems: string[]): Ending {
  const crash = action === 'crash';
  // A crash that leaves 0 behind is none: Podman shows it as a clean exit.
  const least = crash ? 1 : 0;
  const exitCode = fieldOf(value, 'exitCode') ?? (crash ? 137 : 0);
  const oom = fieldOf(value, 'oom') ?? false;
  if (typeof oom !== 'boolean') problems.push('oom: must be true or false');
  if (!isWhole(exitCode, least, 255)) problems.push(`exitCode: must be a whole number from ${least} to 255`);
  return { exitCode: Number(exitCode), oomKilled: oom === true };
}

function readAfterMs(value: unknown, problems: string[]): number {
  const afterMs = fieldOf(value, 'afterMs') ?? 0;
  if (isWhole(afterMs, 0, MAX_AFTER_MS)) return afterMs;
  problems.push(`afterMs: must be a whole number from 0 to ${MAX_AFTER_MS}`);
  return 0;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
