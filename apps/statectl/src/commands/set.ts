import { randomUUID } from 'node:crypto';
import { Code, ConnectError } from '@connectrpc/connect';
import { statemanager } from '@statemanager/proto';
import { EXIT, StatectlError } from '../failure.ts';
import { readReference, readState } from '../kind.ts';
import { printable } from '../output/printable.ts';
import type { Shell } from '../shell.ts';
import { HISTORY_KINDS } from './history.ts';

export interface SetOptions {
  readonly source?: string;
  readonly current?: string;
  readonly id?: string;
}

const { ErrorCode, ResourceType } = statemanager;

const TYPES = {
  scenario: ResourceType.SCENARIO,
  package: ResourceType.PACKAGE,
  model: ResourceType.MODEL,
} as const;

/** `set`: sends a state change as the components do. Sent again, with the same id, it changes nothing more. */
export async function setState(shell: Shell, word: string, stateText: string, options: SetOptions): Promise<number> {
  const { kind, name } = readReference(word, HISTORY_KINDS);
  const targetState = readState(stateText, [kind]);
  const request = {
    resourceType: TYPES[kind],
    resourceName: name,
    targetState,
    currentState: options.current === undefined ? '' : readState(options.current, [kind]),
    transitionId: options.id ?? randomUUID(),
    timestampNs: BigInt(shell.now()) * 1_000_000n,
    source: options.source ?? shell.source,
  };
  const answer = await shell.servers
    .call(statemanager.StateManagerConnection, (client, call) => client.sendStateChange(request, call))
    .catch((error: unknown) => {
      throw mayBeDone(error) ? withId(error, request.transitionId) : error;
    });
  if (answer.errorCode !== ErrorCode.SUCCESS) throw refusal(`${kind}/${name}`, answer);
  shell.out.line(`${kind}/${name} is ${targetState} (request ${printable(request.transitionId)})`);
  return EXIT.ok;
}

/** Whether a server had the request, and nobody knows what became of it. */
function mayBeDone(error: unknown): error is StatectlError & { readonly cause: ConnectError } {
  if (!(error instanceof StatectlError) || !(error.cause instanceof ConnectError)) return false;
  const { code, cause } = error.cause;
  return code === Code.DeadlineExceeded || (code === Code.Unavailable && cause === undefined);
}

function withId({ code, message, hints, cause }: StatectlError, id: string): StatectlError {
  return new StatectlError(
    code,
    message,
    [...hints, `Repeat it with --id ${printable(id)}: it is done once only.`],
    cause,
  );
}

function refusal(what: string, { errorCode, errorDetails, message }: statemanager.StateChangeResponse): StatectlError {
  const reason = printable(errorDetails === '' ? message : errorDetails);
  const code = errorCode === ErrorCode.RESOURCE_NOT_FOUND ? 'notFound' : 'failed';
  return new StatectlError(code, `${what} was not set: ${reason}`, [`  (${ErrorCode[errorCode] ?? errorCode})`]);
}
