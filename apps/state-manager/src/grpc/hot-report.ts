import type { IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { monitoringserver } from '@statemanager/proto';
import { mayReport, type Access } from '../access/access.ts';
import { certificateOf } from '../access/certificate.ts';
import type { Manager } from '../manager.ts';
import { frameOf } from './grpc-frame.ts';
import type { ReadReport } from './read-report.ts';
import { skimReport } from './skim-report.ts';
import { reportDetails } from '../observe/trace-calls.ts';
import type { ServedCall, Tracing } from '../observe/tracing.ts';
import { readForwarded } from '../replicas/headers.ts';
import { takeReport, type ReportTakerOptions } from './take-report.ts';
import type { HotMethod } from './hot-path.ts';

export interface HotReportOptions extends ReportTakerOptions {
  readonly manager: Pick<Manager, 'submit' | 'confirm' | 'leads'>;
  readonly maxContainersCount: number;
  readonly access: Access;
  readonly tracing?: Tracing | undefined;
}

const PATH = '/statemanager.StateManagerConnection/SendChangedContainerList';
const RESPONSE = monitoringserver.SendContainerListResponseSchema;

/** The tag of `SendContainerListResponse.resp`. */
const RESP = 0x0a;

/** The longest text whose length is one byte. */
const MAX_SHORT_BYTES = 0x7f;

/** Answers NodeAgents' reports: one that says nothing new at once, and that is what most of them are. */
export function hotReport(options: HotReportOptions): HotMethod {
  const { manager, misnamed, ways, awake, maxContainersCount, access, tracing } = options;
  return {
    path: PATH,
    answer: (message, headers, socket) => {
      const began = tracing === undefined ? 0 : performance.now();
      const read = skimReport(message, maxContainersCount);
      if (read === undefined) return undefined;
      const { node, containers } = read;
      if (access.isGuarded && !isAdmitted(access, node, headers, socket)) return undefined;
      const forwarded = readForwarded((name) => headers[name]);
      const wasUnderWay =
        forwarded !== undefined && (forwarded.heldMs > 0 || ways.other(node, forwarded) !== undefined);
      const mayBeOld = wasUnderWay || !awake.isSettled;
      const said = mayBeOld ? undefined : manager.confirm({ type: 'report', node, containers, at: Date.now() });
      if (said === undefined) {
        const take = async (signal: AbortSignal): Promise<Uint8Array> =>
          frameOf(encode(await takeReport(read, forwarded, signal, options)));
        if (tracing === undefined) return take;
        return (signal) => tracing.serve(callOf(read, headers), () => take(signal));
      }
      ways.note(node, forwarded);
      misnamed.note(node, read.misnamed);
      if (tracing !== undefined && headers['traceparent'] !== undefined)
        tracing.confirmed(callOf(read, headers), began);
      return frameOf(encode(said));
    },
  };
}

/** A report's call, for its trace. */
function callOf({ node, containers }: ReadReport, headers: IncomingHttpHeaders): ServedCall {
  return {
    path: PATH,
    header: (name) => headers[name] as string | undefined,
    details: reportDetails(node, containers.length),
  };
}

/** Whether a report is let in. The ordinary handler tells whoever is not. */
function isAdmitted(access: Access, node: string, headers: IncomingHttpHeaders, socket: Socket | undefined): boolean {
  const principal = access.tryAdmit(PATH, certificateOf(socket), (name) => headers[name] as string | undefined);
  return principal !== 'refused' && (principal === undefined || mayReport(principal, node));
}

/** The answer's message. Nearly all of them are short, and written faster than by the generated encoder. */
function encode(resp: string): Uint8Array {
  const bytes = Buffer.byteLength(resp);
  if (bytes === 0 || bytes > MAX_SHORT_BYTES) return toBinary(RESPONSE, create(RESPONSE, { resp }));
  const message = Buffer.allocUnsafe(2 + bytes);
  message[0] = RESP;
  message[1] = bytes;
  message.write(resp, 2);
  return message;
}
