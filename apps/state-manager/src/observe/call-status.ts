import { SpanStatusCode, type Attributes, type Span } from '@opentelemetry/api';
import { Code, ConnectError } from '@connectrpc/connect';
import type { AskedCall, ServedCall } from './tracing.ts';

/** What a span says of a call that was answered. */
export const OK = { 'rpc.status_code': 'OK' } as const;

/** What a span says of a call that came in: by gRPC, or otherwise by Connect. */
export function servedDetails({ path, header, details }: ServedCall): Attributes {
  const isGrpc = header('content-type')?.startsWith('application/grpc') === true;
  return { 'rpc.system.name': isGrpc ? 'grpc' : 'connectrpc', 'rpc.method': nameOf(path), ...(details as Attributes) };
}

/** What a span says of a call that goes out. */
export function askedDetails({ path, details }: AskedCall): Attributes {
  return { 'rpc.system.name': 'grpc', 'rpc.method': nameOf(path), ...(details as Attributes) };
}

/** gRPC's own way to name a method: without the slash that begins its path. */
export function nameOf(path: string): string {
  return path.slice(1);
}

/** Those that are a fault of whoever answers; the rest is the caller's own. */
const FAULTS: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);

/** Says of a call that came in why it failed. */
export function failServed(span: Span, error: unknown): void {
  const { code, rawMessage } = ConnectError.from(error);
  span.setAttributes({ 'rpc.status_code': grpcName(code), 'error.type': grpcName(code) });
  if (FAULTS.has(code)) span.setStatus({ code: SpanStatusCode.ERROR, message: shortened(rawMessage) });
}

/** Says of something that was asked of another process why it failed. */
export function failAsked(span: Span, error: unknown): void {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'string') span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: shortened(String(message)) });
}

/** `DEADLINE_EXCEEDED` of `DeadlineExceeded`. */
function grpcName(code: Code): string {
  if (code === Code.Canceled) return 'CANCELLED';
  return (Code[code] ?? 'UNKNOWN').replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

function shortened(text: string): string {
  return text.slice(0, 256);
}
