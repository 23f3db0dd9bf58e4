import { Code, ConnectError, createContextKey, type Interceptor } from '@connectrpc/connect';
import { statemanager } from '@statemanager/proto';
import { CALLER } from '../grpc/caller.ts';
import type { Logger } from '../log.ts';
import type { Access, Refusal } from './access.ts';
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
        if (audited?.outcome === PERMISSION_DENIED) access.refusedCounts.permission_denied += 1;
        if (audited !== undefined) log.info({ ...who, ...audited }, 'audit');
      }
      return response;
    } catch (error) {
      const failure = ConnectError.from(error);
      const refusal = REFUSALS[failure.code];
      if (refusal !== undefined) access.refusedCounts[refusal] += 1;
      if (refusal !== undefined || isChange(path)) {
        const audited = request.stream ? undefined : auditOf(path, request.message, undefined);
        const outcome = { outcome: Code[failure.code], problem: failure.rawMessage };
        log.warn({ ...who, method: path, ...audited, ...outcome }, 'audit');
      }
      throw error;
    }
  };
}

const REFUSALS: Readonly<Partial<Record<Code, Refusal>>> = {
  [Code.Unauthenticated]: 'unauthenticated',
  [Code.PermissionDenied]: 'permission_denied',
};

/** How the answer to a request for a state says that it was refused to whoever asked. */
const PERMISSION_DENIED = statemanager.ErrorCode[statemanager.ErrorCode.PERMISSION_DENIED];

/** Whether a method changes something for whoever calls it: if it fails, the log says who tried. */
function isChange(path: string): boolean {
  return !['read', 'open', 'report', 'replicate'].includes(permissionFor(path) ?? 'read');
}
