import { create } from '@bufbuild/protobuf';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { MAX_TEXT_BYTES, RESOURCE_KINDS, type Input, type ResourceKind } from '@statemanager/state-machine';
import type { Manager } from '../manager.ts';
import type { Forwarder } from '../replicas/forwarder.ts';
import { FieldError } from '../read/field-error.ts';
import { readKind, readName } from '../read/filter.ts';
import { answering, rejected } from './errors.ts';

/** Forgets what will not come back. */
export function maintenanceService(manager: Manager, forwarder: Forwarder): ServiceImpl<typeof v1.MaintenanceService> {
  const { method } = v1.MaintenanceService;
  const decided = async (input: Input, { signal }: HandlerContext): Promise<void> => {
    const outcome = await manager.submit(input, { signal });
    if (!outcome.accepted) throw rejected(outcome);
  };
  return {
    forgetNode: forwarder.serve(method.forgetNode, false, (request, context: HandlerContext) =>
      answering(async () => {
        const node = readName(request.name, 'name');
        const source = readSource(request.source);
        await decided({ type: 'node-forgotten', node, source, at: Date.now() }, context);
        return create(v1.ForgetNodeResponseSchema);
      }),
    ),
    deleteResource: forwarder.serve(method.deleteResource, false, (request, context: HandlerContext) =>
      answering(async () => {
        const kind: ResourceKind = readKind(request.kind, 'kind', RESOURCE_KINDS);
        const name = readName(request.name, 'name');
        const source = readSource(request.source);
        await decided({ type: 'resource-deleted', kind, name, source, at: Date.now() }, context);
        return create(v1.DeleteResourceResponseSchema);
      }),
    ),
  };
}

/** Who asks; an operator if nobody says. */
function readSource(source: string): string {
  if (Buffer.byteLength(source) > MAX_TEXT_BYTES)
    throw new FieldError('source', `must be at most ${MAX_TEXT_BYTES} bytes`);
  return source === '' ? 'operator' : source;
}
