import type { v1 } from '@statemanager/proto';

/** What a page, or a part of a snapshot, holds about: gRPC's clients take 4 MiB unless they are told otherwise. */
export const MAX_ANSWER_BYTES = 2_097_152;

/** What a resource takes up beside its lists, and what an entry of a list does, with the longest names. */
const RESOURCE_BYTES = 512;
const ITEM_BYTES = 256;

/** About how many bytes a resource takes up in an answer: seldom less, and without encoding it. */
export function sizeOf({ detail }: v1.Resource): number {
  return RESOURCE_BYTES + ITEM_BYTES * itemsCountOf(detail);
}

function itemsCountOf({ case: kind, value }: v1.Resource['detail']): number {
  if (kind === 'package') return value.models.length + value.scenarios.length;
  if (kind === 'node') return value.models.length;
  if (kind !== 'model') return 0;
  return value.nodes.reduce((sum, { containers }) => sum + 1 + containers.length, value.packages.length);
}
