import { fromBinary } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import type { FramedStream } from '../grpc/framed-stream.ts';
import type { Watches } from './watches.ts';

/** `WatchResources` in bytes that all its callers share. */
export function framedWatch(watches: Watches): FramedStream {
  return {
    path: `/${v1.StateService.typeName}/${v1.StateService.method.watchResources.name}`,
    open: (message, call) => {
      const request = read(message);
      return request && watches.runFramed(request, call);
    },
  };
}

function read(message: Uint8Array): v1.WatchResourcesRequest | undefined {
  try {
    return fromBinary(v1.WatchResourcesRequestSchema, message);
  } catch {
    // Connect's handler says what is wrong with it.
    return undefined;
  }
}
