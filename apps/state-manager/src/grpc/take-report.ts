import { Code, ConnectError } from '@connectrpc/connect';
import type { Report } from '@statemanager/state-machine';
import { EngineError } from '../engine/engine-error.ts';
import type { Manager } from '../manager.ts';
import { toStatus } from './engine-codes.ts';
import type { Forwarded } from '../replicas/headers.ts';
import { lastWordKnown, nobodyLeads } from '../replicas/leader-link.ts';
import type { LastWays } from '../replicas/last-ways.ts';
import type { MisnamedContainers } from './misnamed-containers.ts';
import type { ReadReport } from './read-report.ts';
import type { Wakefulness } from './wakefulness.ts';

export interface ReportTakerOptions {
  readonly manager: Pick<Manager, 'submit' | 'leads'>;
  readonly misnamed: MisnamedContainers;
  readonly ways: LastWays;
  readonly awake: Wakefulness;
}

/** Has a report decided. Resolves with what to say to its NodeAgent once that is durable; throws ConnectError. */
export async function takeReport(
  { node, containers, misnamed: names }: ReadReport,
  forwarded: Forwarded | undefined,
  signal: AbortSignal,
  { manager, misnamed, ways, awake }: ReportTakerOptions,
): Promise<string> {
  // A caller who has given up meanwhile may have told another StateManager something newer.
  if (!awake.isSettled) await awake.settled(signal);
  // Whoever forwarded it keeps it, and asks who leads anew.
  if (forwarded !== undefined && !manager.leads) throw nobodyLeads('this StateManager does not lead');
  const heldMs = forwarded?.heldMs ?? 0;
  let mayBeOlder = heldMs > 0;
  let number = 0;
  if (manager.leads) {
    const newer = ways.other(node, forwarded);
    if (newer !== undefined) throw lastWordKnown(newer);
    // That was found out without comparing clocks, and stands.
    if (ways.isKnownNewer(node, forwarded)) mayBeOlder = false;
    number = ways.note(node, forwarded);
  }
  misnamed.note(node, names);
  const report: Report = { type: 'report', node, containers, at: Date.now() - heldMs };
  const outcome = await decided(manager.submit(mayBeOlder ? { ...report, held: true } : report, { signal }), signal);
  if (outcome.accepted) return outcome.message;
  ways.refused(node, number);
  throw new ConnectError(`containers: ${outcome.details}`, Code.ResourceExhausted);
}

/** Turns the engine's failures into gRPC's: passing ones are errors of the call, never answers. */
export async function decided<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await outcome;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    // A deadline that passed says so itself.
    if (error.code === 'cancelled' && signal.reason instanceof ConnectError) throw signal.reason;
    throw toStatus(error);
  }
}
