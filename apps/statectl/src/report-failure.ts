import { Code, ConnectError } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { EXIT } from './failure.ts';
import { printable } from './output/printable.ts';

/** What a failed command says, line by line, and its exit code. */
export interface Failure {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** Puts what a server answered, or whatever else a command threw, in the user's words. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof ConnectError) return describeAnswer(error);
  const text = error instanceof Error ? error.message : String(error);
  return { lines: [`error: ${text}`], exitCode: EXIT.failed };
}

function describeAnswer(error: ConnectError): Failure {
  const [lead, hints] = WORDS.get(error.code) ?? [`the server failed (${Code[error.code]})`, []];
  const message = printable(error.rawMessage);
  const words = [lead, message].filter((part) => part !== '');
  return {
    lines: [`error: ${words.join(': ')}`, ...problemsOf(error, message), ...hints],
    exitCode: error.code === Code.NotFound ? EXIT.notFound : EXIT.failed,
  };
}

const WORDS: ReadonlyMap<Code, readonly [string, readonly string[]]> = new Map<Code, readonly [string, string[]]>([
  [Code.NotFound, ['', []]],
  [Code.InvalidArgument, ['the server refused the request', []]],
  [Code.FailedPrecondition, ['refused', []]],
  [Code.ResourceExhausted, ['over a limit of the server', []]],
  [Code.PermissionDenied, ['not permitted', []]],
  [Code.Unauthenticated, ['not permitted', []]],
  [Code.Unimplemented, ['the server does not know this call', ['Is it a StateManager, and as new as this statectl?']]],
  [Code.Internal, ['the server failed', ['Its log says more.']]],
]);

/** The machine-readable part of a refusal, where its message does not say it already. */
function problemsOf(error: ConnectError, message: string): string[] {
  return error.findDetails(v1.FieldProblemSchema).flatMap(({ field, problem, allowedValues }) => {
    const said = message.includes(field) && message.includes(problem);
    const allowed = allowedValues.filter((value) => !message.includes(value)).length > 0 ? allowedValues : [];
    if (said && allowed.length === 0) return [];
    const lines = said ? [] : [`  ${printable(field)}: ${printable(problem)}`];
    return allowed.length === 0 ? lines : [...lines, `  allowed: ${allowed.map(printable).join(', ')}`];
  });
}
