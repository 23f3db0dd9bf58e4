import { isMessage } from '@bufbuild/protobuf';
import type { Interceptor } from '@connectrpc/connect';
import { monitoringserver } from '@statemanager/proto';
import { auditOf } from '../access/audit.ts';
import { permissionFor, type Permission } from '../access/roles.ts';
import type { Details, Tracing } from './tracing.ts';

/** Calls that change nothing lead to nothing that could be followed. */
const TRACED: readonly (Permission | undefined)[] = ['report', 'change', 'offload', 'define', 'operate'];

/** Traces the calls that Connect's handler answers and that can change something. It belongs behind who lets them in. */
export function traceCalls(tracing: Tracing): Interceptor {
  return (next) => (request) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (request.stream || !TRACED.includes(permissionFor(path))) return next(request);
    const { message, header } = request;
    const call = { path, header: (name: string) => header.get(name) ?? undefined, details: describe(path, message) };
    return tracing.serve(
      call,
      () => next(request),
      (response) => (response.stream ? {} : describe(path, message, response.message)),
    );
  };
}

function describe(path: string, request: object, response?: object): Details {
  if (isMessage(request, monitoringserver.ContainerListSchema)) {
    return reportDetails(request.nodeName, request.containers.length);
  }
  const { method: _, ...audited } = auditOf(path, request, response) ?? { method: path };
  return Object.fromEntries(Object.entries(audited).map(([name, value]) => [`statemanager.${spelled(name)}`, value]));
}

/** What a span says of a report. */
export function reportDetails(node: string, containersCount: number): Details {
  return { 'statemanager.node': node, 'statemanager.containers.count': containersCount };
}

/** `transition_id` of `transitionId`. */
function spelled(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
