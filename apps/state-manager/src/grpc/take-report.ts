import { Code, ConnectError } from '@connectrpc/connect';
import { EngineError } from '../engine/engine-error.ts';
import type { Manager } from '../manager.ts';
import { codeOf } from './engine-codes.ts';
import type { MisnamedContainers } from './misnamed-containers.ts';
import type { ReadReport } from './read-report.ts';

export interface ReportTakerOptions {
  readonly manager: Pick<Manager, 'submit'>;
  readonly misnamed: MisnamedContainers;
}

/** Has a report decided. Resolves with what to say to its NodeAgent once that is durable; throws ConnectError. */
export async function takeReport(
  { node, containers, misnamed: names }: ReadReport,
  signal: AbortSignal,
  { manager, misnamed }: ReportTakerOptions,
): Promise<string> {
  misnamed.note(node, names);
  const outcome = await decided(
    manager.submit({ type: 'report', node, containers, at: Date.now() }, { signal }),
    signal,
  );
  if (!outcome.accepted) throw new ConnectError(`containers: ${outcome.details}`, Code.ResourceExhausted);
  return outcome.message;
}

/** Turns the engine's failures into gRPC's: passing ones are errors of the call, never answers. */
export async function decided<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await outcome;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    // A deadline that passed says so itself.
    if (error.code === 'cancelled' && signal.reason instanceof ConnectError) throw signal.reason;
    throw new ConnectError(error.message, codeOf(error), undefined, undefined, error);
  }
}
