import { reject, unchanged, type ChangeRequest, type Decision, type Rejection, type RuleOptions } from './decision.ts';
import { overLimit } from './decide-report.ts';
import { Draft } from './draft.ts';
import type { Fleet } from './fleet.ts';
import { followWithIntent } from './intent.ts';
import { MODEL_REQUESTED } from './model.ts';
import { PACKAGE_REQUESTED } from './package.ts';
import {
  isName,
  NAME_RULE,
  parseState,
  STATES,
  type ModelState,
  type PackageState,
  type ResourceKind,
  type ResourceState,
  type ScenarioState,
} from './resource.ts';
import { allowedFrom, askedBy, SCENARIO_REQUESTED, SCENARIO_TRANSITIONS } from './scenario.ts';
import { touchPackages } from './settle-model.ts';
import { settlePackages } from './settle-package.ts';

/** The longest transition id and source, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 253;

/** A request that is well formed. */
interface Wanted {
  readonly kind: ResourceKind;
  readonly target: ResourceState;
}

/** What follows from a component's request for a state. The steps and their order are those of the rules. */
export function decideChange(view: Fleet, request: ChangeRequest, options: RuleOptions): Decision | Rejection {
  const wanted = readRequest(request);
  if ('accepted' in wanted) return wanted;
  const { kind, target } = wanted;
  const record = view.record(kind, request.name);
  const stored = record?.state ?? null;

  const notAsked = askerRefused(request, wanted, stored);
  if (notAsked !== undefined) return notAsked;
  const applied = record?.applied.some((change) => change.id === request.transitionId && change.target === target);
  if (applied) return unchanged(`${kind} ${request.name} was set to ${target} by this request before`);
  if (stored === target) return confirm(view, request, kind, target, options);

  return (
    currentStateDiffers(request, kind, stored) ??
    transitionRefused(request, wanted, stored) ??
    apply(view, request, wanted, options)
  );
}

function readRequest(request: ChangeRequest): Wanted | Rejection {
  const { kind, name, transitionId, source, targetState } = request;
  const invalid = (details: string): Rejection => reject('invalid_request', details);
  if (kind === undefined) return invalid('resource_type must be SCENARIO, PACKAGE or MODEL: no other kind has states');
  if (!isName(name)) return invalid(`resource_name must be ${NAME_RULE}`);
  if (targetState === '') return invalid(`target_state is missing: a ${kind} may be ${STATES[kind].join(', ')}`);
  const target = parseState(kind, targetState);
  if (target === undefined) {
    return invalid(`target_state ${quote(targetState)} is no state of a ${kind}: ${STATES[kind].join(', ')}`);
  }
  if (transitionId === '') return invalid('transition_id is missing');
  if (isTooLong(transitionId)) return invalid(`transition_id must be at most ${MAX_TEXT_BYTES} bytes`);
  if (!request.stamped) return invalid('timestamp_ns must be positive');
  if (source === '') return invalid('source is missing');
  if (isTooLong(source)) return invalid(`source must be at most ${MAX_TEXT_BYTES} bytes`);
  return { kind, target };
}

/** It is what was asked for. Of a model that is missing, the request says that this is right: it ends the grace. */
function confirm(
  view: Fleet,
  request: ChangeRequest,
  kind: ResourceKind,
  target: ResourceState,
  options: RuleOptions,
): Decision {
  const { name, source } = request;
  const message = `${kind} ${name} is ${target} already`;
  if (kind !== 'model' || view.record(kind, name)?.missing === undefined) return unchanged(message);
  const draft = new Draft(view, request, options);
  draft.amend(kind, name, { missing: undefined, rule: MODEL_REQUESTED, cause: `${source} asked for it`, source });
  return draft.decision(message);
}

function currentStateDiffers(
  request: ChangeRequest,
  kind: ResourceKind,
  stored: ResourceState | null,
): Rejection | undefined {
  if (request.currentState === '') return undefined;
  const expected = stored ?? (kind === 'model' ? 'Created' : 'Idle');
  if (parseState(kind, request.currentState) === expected) return undefined;
  const is = stored === null ? `absent, which counts as ${expected}` : stored;
  return reject(
    'precondition_failed',
    `current_state is ${quote(request.currentState)}, but ${kind} ${request.name} is ${is}`,
  );
}

/**
 * Refuses what the caller may not ask for, where callers are known. Whoever may ask for no transition to a state learns
 * nothing else; which one it would be, and so who may ask, depends on the state before, unless it is there already.
 */
function askerRefused(
  { asked, name }: ChangeRequest,
  { kind, target }: Wanted,
  stored: ResourceState | null,
): Rejection | undefined {
  if (asked === undefined) return undefined;
  if (kind !== 'scenario') {
    if (asked.kinds.includes(kind)) return undefined;
    return reject('permission_denied', `you may not set the state of a ${kind}`);
  }
  const to = target as ScenarioState;
  const from = (stored as ScenarioState | null) ?? undefined;
  const here = askedBy(from, to);
  const by = here.length > 0 && from !== to ? here : SCENARIO_TRANSITIONS.flatMap((t) => (t.to === to ? t.by : []));
  if (by.some((component) => asked.components.includes(component))) return undefined;
  const who = [...new Set(by)].join(' or ');
  return reject('permission_denied', `only ${who} may ask that scenario ${name} become ${target}`);
}

function transitionRefused(
  request: ChangeRequest,
  { kind, target }: Wanted,
  stored: ResourceState | null,
): Rejection | undefined {
  if (kind !== 'scenario') return undefined;
  const allowed = allowedFrom((stored as ScenarioState | null) ?? undefined);
  if (allowed.includes(target as ScenarioState)) return undefined;
  const from = stored === null ? 'is absent' : `is ${stored}`;
  return reject(
    'invalid_state_transition',
    `scenario ${request.name} ${from} and cannot become ${target}: allowed are ${allowed.join(', ') || 'none'}`,
  );
}

function apply(
  view: Fleet,
  request: ChangeRequest,
  { kind, target }: Wanted,
  options: RuleOptions,
): Decision | Rejection {
  const draft = new Draft(view, request, options);
  const { name, source, transitionId } = request;
  const cause = `${source} asked for it`;
  const by = { cause, source, transitionId };
  if (kind === 'scenario') draft.transition(kind, name, target as ScenarioState, { ...by, rule: SCENARIO_REQUESTED });
  if (kind === 'package') {
    const move = { ...by, rule: PACKAGE_REQUESTED };
    followWithIntent(draft, draft.transition(kind, name, target as PackageState, move));
  }
  if (kind === 'model') {
    draft.amend(kind, name, { missing: undefined, doubt: undefined });
    draft.transition(kind, name, target as ModelState, { ...by, rule: MODEL_REQUESTED });
    touchPackages(draft, name, target as ModelState, by);
    settlePackages(draft);
  }
  draft.remember(kind, name, transitionId, target);
  return overLimit(draft, view) ?? draft.decision(`${kind} ${name} is ${target}`);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}

/** Counts bytes of UTF-8 without an encoder, which this lib cannot import: no text within the limit is refused. */
function isTooLong(text: string): boolean {
  if (text.length > MAX_TEXT_BYTES) return true;
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes > MAX_TEXT_BYTES;
}
