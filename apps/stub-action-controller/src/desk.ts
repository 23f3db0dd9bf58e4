import { setTimeout as sleep } from 'node:timers/promises';
import { create, toJson } from '@bufbuild/protobuf';
import type { DescMessage, DescMethodUnary, JsonValue, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { Code, ConnectError, createContextKey } from '@connectrpc/connect';
import type { HandlerContext } from '@connectrpc/connect';
import { recordCall } from './call.ts';
import type { Call, CallLog } from './call.ts';
import type { Log } from './log.ts';
import { CODES, takeFromScript } from './script.ts';
import type { ScriptEntry } from './script.ts';

/** Serves one method. */
export type Handler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  context: HandlerContext,
) => MessageInitShape<O> | Promise<MessageInitShape<O>>;

/** Stands before a handler: takes every call down, and lets it go as the script says. */
export type Desk = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  serve: Handler<I, O>,
) => Handler<I, O>;

/** In a call's context: cuts the connection that it came on. */
export const cutConnection = createContextKey<() => void>(() => undefined, { description: 'cut the connection' });

/** A desk that works from a script and writes to a list of calls. */
export function createDesk(script: ScriptEntry[], callLog: CallLog, log: Log): Desk {
  return (method, serve) => async (request, context) => {
    const call = recordCall(callLog, {
      method: method.name,
      request: asJson(method.input, request),
      metadata: Object.fromEntries(context.requestHeader),
    });
    const entry = takeFromScript(script, method.name, scenarioOf(request));
    if (entry !== undefined) call.scripted = entry.behaviour;
    try {
      const answer = await (entry === undefined
        ? serve(request, context)
        : play(entry, method, serve, request, context));
      end(call, 'answered', asJson(method.output, create(method.output, answer)), log);
      return answer;
    } catch (reason) {
      const error = ConnectError.from(reason, Code.Internal);
      const outcome = entry?.behaviour === 'die' ? 'cut' : context.signal.aborted ? 'cancelled' : 'failed';
      end(call, outcome, { code: nameOf(error.code), error: error.rawMessage }, log);
      throw error;
    }
  };
}

async function play<I extends DescMessage, O extends DescMessage>(
  entry: ScriptEntry,
  method: DescMethodUnary<I, O>,
  serve: Handler<I, O>,
  request: MessageShape<I>,
  context: HandlerContext,
): Promise<MessageInitShape<O>> {
  if (entry.delayMs > 0) await sleep(entry.delayMs, undefined, { signal: context.signal });
  switch (entry.behaviour) {
    case 'delay':
      return serve(request, context);
    case 'fail':
      throw new ConnectError(entry.desc, CODES.get(entry.code));
    case 'refuse':
      return refusal(entry, method);
    case 'hang':
      return untilAborted(context.signal);
    case 'die':
      context.values.get(cutConnection)();
      throw new ConnectError('the connection was cut', Code.Unavailable);
  }
}

/** An answer that says no: an OK call whose message is a refusal, with the fields that the method's answer has. */
function refusal<O extends DescMessage>(entry: ScriptEntry, method: DescMethodUnary<DescMessage, O>) {
  const fields = { status: 1, desc: entry.desc, success: false, message: entry.desc, acknowledged: false };
  const own = Object.entries(fields).filter(([name]) => method.output.fields.some((field) => field.name === name));
  return Object.fromEntries(own) as MessageInitShape<O>;
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const leave = () => reject(ConnectError.from(signal.reason, Code.Canceled));
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}

function end(call: Call, outcome: Call['outcome'], answer: JsonValue, log: Log): void {
  Object.assign(call, { outcome, answer, endedAt: new Date().toISOString() });
  const { id, method, request, scripted } = call;
  log(outcome === 'answered' ? 'info' : 'warn', `${method} ${outcome}`, { id, request, answer, scripted });
}

function scenarioOf(request: object): string {
  return 'scenarioName' in request && typeof request.scenarioName === 'string' ? request.scenarioName : '';
}

function asJson<D extends DescMessage>(schema: D, message: MessageShape<D>): JsonValue {
  return toJson(schema, message, { alwaysEmitImplicit: true, useProtoFieldName: true });
}

function nameOf(code: Code): string {
  return Array.from(CODES).find(([, each]) => each === code)?.[0] ?? String(code);
}
