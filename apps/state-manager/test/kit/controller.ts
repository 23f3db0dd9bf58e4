import * as grpc from '@grpc/grpc-js';
import { wire } from './peer.ts';

/** One call that the scripted ActionController received. */
export interface ReceivedCall {
  readonly method: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** On the monotonic clock, in milliseconds. */
  readonly at: number;
}

/** What it does with a call: answers, or fails with a status. Whatever it returns late, it answers late. */
export type Behaviour = (call: ReceivedCall) => Promise<Answer> | Answer;
export type Answer = Readonly<Record<string, unknown>> | grpc.StatusObject | 'hang';

/** An ActionController that does as it is told, made with grpc-js. */
export interface ScriptedController {
  readonly url: string;
  readonly port: number;
  readonly calls: readonly ReceivedCall[];
  /** Calls of one method. */
  of(method: string): readonly ReceivedCall[];
  behave(behaviour: Behaviour): void;
  /** Goes away at once, calls and connections included. */
  stop(): void;
}

/** Accepts everything. */
export const accept: Behaviour = ({ method }) =>
  method === 'OffloadModel' ? { success: true, message: 'moving', transition_id: 'ac-1' } : { status: 0, desc: 'ok' };

/** Refuses a Reconcile as the public ActionController does when it cannot use `current`. */
export const refuseFailed: Behaviour = ({ request }) =>
  ['NONE', 'FAILED', 'UNKNOWN'].includes(String(request.current))
    ? { code: grpc.status.INTERNAL, details: 'Invalid current status', metadata: new grpc.Metadata() }
    : { status: 0, desc: 'ok' };

/** With `credentials` it speaks TLS. */
export async function startController(
  port = 0,
  behaviour: Behaviour = accept,
  credentials?: grpc.ServerCredentials,
): Promise<ScriptedController> {
  const calls: ReceivedCall[] = [];
  let behave = behaviour;
  const handle =
    (method: string): grpc.handleUnaryCall<Record<string, unknown>, unknown> =>
    (call, done) => {
      const received = { method, request: call.request, metadata: call.metadata.getMap(), at: performance.now() };
      calls.push(received);
      void Promise.resolve(behave(received)).then((answer) => {
        if (answer === 'hang') return;
        if ('code' in answer && 'metadata' in answer) done(answer);
        else done(null, answer);
      });
    };
  const server = new grpc.Server();
  server.addService(wire.actioncontroller.ActionControllerConnection.service, {
    TriggerAction: handle('TriggerAction'),
    Reconcile: handle('Reconcile'),
    CompleteNetworkSetting: handle('CompleteNetworkSetting'),
    OffloadModel: handle('OffloadModel'),
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials ?? grpc.ServerCredentials.createInsecure(), (error, taken) => {
      if (error === null) resolve(taken);
      else reject(error);
    });
  });
  return {
    url: `${credentials === undefined ? 'http' : 'https'}://127.0.0.1:${bound}`,
    port: bound,
    calls,
    of: (method) => calls.filter((call) => call.method === method),
    behave: (next) => (behave = next),
    stop: () => server.forceShutdown(),
  };
}
