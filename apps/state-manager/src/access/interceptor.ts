import { Code, ConnectError, createContextKey, type Interceptor } from '@connectrpc/connect';
import { CALLER } from '../grpc/caller.ts';
import type { Logger } from '../log.ts';
import type { Access } from './access.ts';
import { auditOf } from './audit.ts';
import type { Principal } from './policy.ts';
import { permissionFor } from './roles.ts';

/** Under which a handler finds who calls; undefined where nobody is asked. */
export const PRINCIPAL = createContextKey<Principal | undefined>(undefined, { description: 'who calls' });

/** Lets in who may, and notes in the log who changed what, or was refused. */
export function guard(access: Access, log: Logger): Interceptor {
  return (next) => async (request) => {
    const { contextValues, header, url } = request;
    const path = new URL(url, 'http://localhost').pathname;
    const caller = contextValues.get(CALLER);
    const who: { identity?: string; caller: string } = { caller: caller.address };
    try {
      const principal = access.identify(path, caller.certificate, (name) => header.get(name) ?? undefined);
      if (principal !== undefined) who.identity = principal.identity;
      access.assertMay(principal, path);
      contextValues.set(PRINCIPAL, principal);
      const response = await next(request);
      if (!request.stream && !response.stream) {
        const audited = auditOf(path, request.message, response.message);
        if (audited !== undefined) log.info({ ...who, ...audited }, 'audit');
      }
      return response;
    } catch (error) {
      noteRefusal(error, path, request.stream ? undefined : request.message, who, log);
      throw error;
    }
  };
}

const REFUSALS: readonly Code[] = [Code.Unauthenticated, Code.PermissionDenied];

/** What was refused to somebody, and changes that failed: whoever reads the log wants to know who tried. */
function noteRefusal(
  error: unknown,
  path: string,
  message: object | undefined,
  who: { readonly identity?: string; readonly caller: string },
  log: Logger,
): void {
  const failure = ConnectError.from(error);
  const isChange = !['read', 'open', 'report', 'replicate'].includes(permissionFor(path) ?? 'read');
  if (!isChange && !REFUSALS.includes(failure.code)) return;
  const audited = message === undefined ? { method: path } : (auditOf(path, message, undefined) ?? { method: path });
  log.warn({ ...who, ...audited, outcome: Code[failure.code], problem: failure.rawMessage }, 'audit');
}
