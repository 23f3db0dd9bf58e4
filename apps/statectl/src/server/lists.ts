import { v1 } from '@statemanager/proto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Kind } from '../kind.ts';
import type { Servers } from './servers.ts';

/** Which resources are meant. */
export type Filter = Exclude<MessageInitShape<typeof v1.ResourceFilterSchema>, { $typeName: string }>;

/** Resources at one revision. */
export interface Listing {
  readonly resources: v1.Resource[];
  readonly revision: bigint;
}

/** The most that the server gives at once. */
const PAGE_COUNT = 1000;

/** All resources that fit, of one revision. Pages are asked of the one server that gave the first. */
export async function listResources(servers: Servers, filter: Filter): Promise<Listing> {
  const resources: v1.Resource[] = [];
  let pageToken = '';
  for (;;) {
    const request = { filter, pageSize: PAGE_COUNT, pageToken };
    const page = await servers.call(v1.StateService, (client, options) => client.listResources(request, options));
    resources.push(...page.resources);
    pageToken = page.nextPageToken;
    if (pageToken === '') return { resources, revision: page.revision };
  }
}

/** One resource. Throws ConnectError, NotFound among its codes. */
export async function getResource(servers: Servers, kind: Kind, name: string): Promise<v1.GetResourceResponse> {
  return servers.call(v1.StateService, (client, options) => client.getResource({ kind, name }, options));
}

/** The newest transitions of one resource, or of all. */
export async function listTransitions(
  servers: Servers,
  of: { readonly kind?: Kind; readonly name?: string },
  limit: number,
): Promise<v1.Transition[]> {
  const request = { ...of, limit };
  const answer = await servers.call(v1.StateService, (client, options) => client.listTransitions(request, options));
  return answer.transitions;
}
