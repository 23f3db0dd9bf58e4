import { reject, unchanged } from './decision.ts';
import type { AttemptEnded, Decision, Input, Rejection, RuleOptions } from './decision.ts';
import { Draft } from './draft.ts';
import type { Fleet } from './fleet.ts';
import type { Intent, Transition } from './record.ts';
import type { PackageState } from './resource.ts';

/** Makes the intent follow a package's transition: made on the way into a reconcile state, ended on the way out. */
export function followWithIntent(draft: Draft, transition: Transition): void {
  const { name, generation } = transition;
  const wants = asksForReconcile(transition.to as PackageState | null, draft.options);
  const has = draft.fleet.intent(name) !== undefined;
  if (wants && !has) makeIntent(draft, name, generation);
  if (!wants && has) draft.fleet.putIntent(name, undefined);
}

/** Makes intents match the states, of packages that may have been stored by another release or other options. */
export function matchIntents(draft: Draft, packages: readonly string[]): void {
  for (const name of packages) {
    const record = draft.record('package', name);
    const wants = asksForReconcile(record.state, draft.options);
    const has = draft.fleet.intent(name) !== undefined;
    if (wants && !has) makeIntent(draft, name, record.generation);
    if (!wants && has) draft.fleet.putIntent(name, undefined);
  }
}

function makeIntent(draft: Draft, name: string, generation: number): void {
  const id = `${name}/${generation}`;
  draft.fleet.putIntent(name, { id, since: draft.at, attempts: 0 });
  const { backoff } = draft.record('package', name);
  if (backoff !== undefined) draft.amend('package', name, { backoff: { ...backoff, intent: id } });
}

function asksForReconcile(state: PackageState | null, options: RuleOptions): boolean {
  return state !== null && options.reconcileOn.has(state);
}

/** Counts an attempt before its call is made: a crash in between must not hide it. */
export function decideAttemptStarted(
  view: Fleet,
  input: Extract<Input, { type: 'attempt-started' }>,
  options: RuleOptions,
): Decision | Rejection {
  const intent = view.intent(input.packageName);
  if (intent?.id !== input.intent) return reject('precondition_failed', `intent ${input.intent} has ended`);
  const draft = new Draft(view, input, options);
  const attempts = intent.attempts + 1;
  const lastAttempt = { at: input.at, outcome: 'started', detail: '' } as const;
  draft.fleet.putIntent(input.packageName, { ...intent, attempts, lastAttempt });
  countAttempts(draft, input.packageName, intent, 1);
  return draft.decision(`attempt ${attempts} at intent ${intent.id}`);
}

/** Notes how an attempt ended. One that never reached ActionController does not count. */
export function decideAttemptEnded(view: Fleet, input: AttemptEnded, options: RuleOptions): Decision | Rejection {
  const intent = view.intent(input.packageName);
  if (intent?.id !== input.intent) return reject('precondition_failed', `intent ${input.intent} has ended`);
  const draft = new Draft(view, input, options);
  const { outcome, detail, at } = input;
  const uncounted = outcome === 'unreachable' && intent.lastAttempt?.outcome === 'started';
  const attempts = uncounted ? Math.max(0, intent.attempts - 1) : intent.attempts;
  draft.fleet.putIntent(input.packageName, { ...intent, attempts, lastAttempt: { at, outcome, detail } });
  if (uncounted) countAttempts(draft, input.packageName, intent, -1);
  return draft.decision(`intent ${intent.id}: ${outcome}`);
}

function countAttempts(draft: Draft, name: string, intent: Intent, delta: 1 | -1): void {
  const attempts = Math.max(0, (draft.record('package', name).backoff?.attempts ?? 0) + delta);
  draft.amend('package', name, { backoff: attempts === 0 ? undefined : { attempts, intent: intent.id } });
}

/** Forgets the backoff of a package that has been outside the reconcile states for long enough. */
export function decideBackoffOver(
  view: Fleet,
  input: Extract<Input, { type: 'backoff-over' }>,
  options: RuleOptions,
): Decision {
  const { backoff } = view.record('package', input.packageName) ?? {};
  const holds = backoff?.intent === input.intent && view.intent(input.packageName) === undefined;
  if (!holds) return unchanged('this backoff is gone already');
  const draft = new Draft(view, input, options);
  draft.amend('package', input.packageName, { backoff: undefined });
  return draft.decision(`backoff of package ${input.packageName} is forgotten`);
}
