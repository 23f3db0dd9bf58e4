import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { parseTimeout as parseConnectTimeout } from '@connectrpc/connect/protocol-connect';
import { parseTimeout as parseGrpcTimeout } from '@connectrpc/connect/protocol-grpc';
import { MAX_TIMER_MS } from '../max-timer.ts';
import { wrapHandlers } from './wrap-handlers.ts';

const HEADERS = { 'grpc-timeout': parseGrpcTimeout, 'connect-timeout-ms': parseConnectTimeout } as const;

/** Lets callers wait for as long as they like: Connect would end a call at once that has weeks. */
export function allowFarDeadlines(handlers: UniversalHandler[]): void {
  wrapHandlers(handlers, (handler) => (request) => {
    for (const [name, parse] of Object.entries(HEADERS)) {
      const { timeoutMs } = parse(request.header.get(name), Number.MAX_VALUE);
      if (timeoutMs !== undefined && timeoutMs > MAX_TIMER_MS) request.header.delete(name);
    }
    return handler(request);
  });
}
