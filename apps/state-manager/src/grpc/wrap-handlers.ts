import type { UniversalHandler, UniversalHandlerFn } from '@connectrpc/connect/protocol';

/** Puts a function in front of each handler; undefined leaves it as it is. What else a handler says of itself stays. */
export function wrapHandlers(
  handlers: UniversalHandler[],
  wrap: (handler: UniversalHandler) => UniversalHandlerFn | undefined,
): void {
  handlers.forEach((handler, i) => {
    const wrapped = wrap(handler);
    if (wrapped !== undefined) handlers[i] = Object.assign(wrapped, { ...handler });
  });
}
