import type { Manager } from '../manager.ts';
import { skimReport } from './skim-report.ts';
import { takeReport, type ReportTakerOptions } from './take-report.ts';
import type { HotMethod } from './hot-path.ts';

export interface HotReportOptions extends ReportTakerOptions {
  readonly manager: Pick<Manager, 'submit' | 'confirm'>;
  readonly maxContainersCount: number;
}

/** The tag of `SendContainerListResponse.resp`. */
const RESP = 0x0a;
const FRAME_HEAD_BYTES = 5;

/** Answers NodeAgents' reports: one that says nothing new at once, and that is what most of them are. */
export function hotReport(options: HotReportOptions): HotMethod {
  const { manager, misnamed, maxContainersCount } = options;
  return {
    path: '/statemanager.StateManagerConnection/SendChangedContainerList',
    answer: (message) => {
      const read = skimReport(message, maxContainersCount);
      if (read === undefined) return undefined;
      const { node, containers } = read;
      const said = manager.confirm({ type: 'report', node, containers, at: Date.now() });
      if (said === undefined) return async (signal) => frameOf(await takeReport(read, signal, options));
      misnamed.note(node, read.misnamed);
      return frameOf(said);
    },
  };
}

/** The answer's message as gRPC frames it. */
function frameOf(resp: string): Uint8Array {
  const bytes = Buffer.byteLength(resp);
  if (bytes === 0) return Buffer.alloc(FRAME_HEAD_BYTES);
  const lengthBytes = varintBytes(bytes);
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + 1 + lengthBytes + bytes);
  frame[0] = 0;
  frame.writeUInt32BE(1 + lengthBytes + bytes, 1);
  frame[FRAME_HEAD_BYTES] = RESP;
  let at = FRAME_HEAD_BYTES + 1;
  for (let rest = bytes; ; rest >>>= 7) {
    frame[at] = rest < 0x80 ? rest : (rest & 0x7f) | 0x80;
    at += 1;
    if (rest < 0x80) break;
  }
  frame.write(resp, at);
  return frame;
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : Math.ceil((32 - Math.clz32(value)) / 7);
}
