import type { Input } from '@statemanager/state-machine';

/** What somebody asks for once. There is no end to how much of that may come, so it is bounded where it waits. */
const REQUESTS: ReadonlySet<Input['type']> = new Set([
  'change',
  'node-forgotten',
  'resource-deleted',
  'reconcile-paused',
  'reconcile-resumed',
]);

/** Whether an input is a caller's request: everything from outside but reports, which are bounded by their nodes. */
export function isRequest(input: Input): boolean {
  return REQUESTS.has(input.type);
}

/** The node that an input is the last word about; undefined if it is about none. */
export function nodeOf(input: Input): string | undefined {
  return 'node' in input ? input.node : undefined;
}

/** Whether an input is a caller's. */
export function isCallers(input: Input): boolean {
  return input.type === 'report' || isRequest(input);
}

/** Whether somebody waits for the answer who must hear in time: a caller, or one whose offload is to be noted. */
export function isAnswered(input: Input): boolean {
  return isCallers(input) || input.type === 'offload-answered';
}
