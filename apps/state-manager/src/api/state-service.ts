import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { explain, RESOURCE_KINDS, type Explanation, type RuleOptions } from '@statemanager/state-machine';
import type { KeyValueStore } from '@statemanager/state-store';
import { isResourceKind } from '../read/entries.ts';
import { factsOf } from '../read/facts.ts';
import { FieldError } from '../read/field-error.ts';
import { readFilter, readKind, readName } from '../read/filter.ts';
import { historyOf, newestOfAll } from '../read/history.ts';
import { Pages } from '../read/pages.ts';
import type { ReadModel } from '../read/read-model.ts';
import { describeResource, describeTransition, type ReconcileStatus } from '../read/resource.ts';
import { answering, notFound } from './errors.ts';
import { impactOf } from './impact.ts';
import { presentOf, viewOf } from './present.ts';
import type { Watches } from './watches.ts';

export interface StateServiceOptions {
  readonly model: ReadModel;
  readonly store: KeyValueStore;
  readonly rules: RuleOptions;
  readonly reconcileStatus: ReconcileStatus;
  readonly watches: Watches;
}

const DEFAULT_HISTORY_COUNT = 64;
const MAX_HISTORY_COUNT = 1000;

/** Reads, watches and explains. Everything but history comes from the committed view. */
export function stateService(options: StateServiceOptions): ServiceImpl<typeof v1.StateService> {
  const pages = new Pages();
  return {
    getResource: (request) => answering(() => getResource(options, request)),
    listResources: (request) => answering(() => listResources(options, pages, request)),
    watchResources: (request, context) => options.watches.run(request, context),
    listTransitions: (request) => answering(() => listTransitions(options, request)),
    explainResource: (request) => answering(() => explainResource(options, request)),
    simulateImpact: (request) => answering(() => impactOf(options, request)),
  };
}

function getResource({ model, reconcileStatus }: StateServiceOptions, request: v1.GetResourceRequest) {
  const kind = readKind(request.kind, 'kind');
  const name = readName(request.name, 'name');
  const picture = presentOf(model);
  if (factsOf(picture, kind, name) === undefined) throw notFound(`${kind} ${name}`);
  const resource = describeResource(picture, kind, name, reconcileStatus);
  return create(v1.GetResourceResponseSchema, { resource, revision: BigInt(picture.revision) });
}

function listResources(
  { model, reconcileStatus }: StateServiceOptions,
  pages: Pages,
  request: v1.ListResourcesRequest,
): v1.ListResourcesResponse {
  const filter = readFilter(request.filter);
  const filterText = JSON.stringify(request.filter ?? {});
  const { resources, nextPageToken, revision } = pages.read(
    presentOf(model),
    request,
    filter,
    filterText,
    reconcileStatus,
  );
  return create(v1.ListResourcesResponseSchema, {
    resources: [...resources],
    nextPageToken,
    revision: BigInt(revision),
  });
}

async function listTransitions(
  { model, store }: StateServiceOptions,
  request: v1.ListTransitionsRequest,
): Promise<v1.ListTransitionsResponse> {
  const limit = readLimit(request.limit);
  const view = viewOf(model);
  const all = request.kind === '' && request.name === '';
  const past = all
    ? await newestOfAll(store, view, limit)
    : await historyOf(store, readKind(request.kind, 'kind', RESOURCE_KINDS), readName(request.name, 'name'), limit);
  const transitions = past.map(({ transition, revision }) => describeTransition(transition, revision));
  return create(v1.ListTransitionsResponseSchema, { transitions });
}

function readLimit(limit: number): number {
  if (limit === 0) return DEFAULT_HISTORY_COUNT;
  if (limit >= 1 && limit <= MAX_HISTORY_COUNT) return limit;
  throw new FieldError('limit', `must be from 1 to ${MAX_HISTORY_COUNT}, or 0 for ${DEFAULT_HISTORY_COUNT}`);
}

function explainResource({ model }: StateServiceOptions, request: v1.ExplainResourceRequest) {
  const kind = readKind(request.kind, 'kind', RESOURCE_KINDS);
  const name = readName(request.name, 'name');
  const { revision } = presentOf(model);
  const explanation = isResourceKind(kind) ? explain(viewOf(model), kind, name) : undefined;
  if (explanation === undefined) throw notFound(`${kind} ${name}`);
  return create(v1.ExplainResourceResponseSchema, {
    explanation: describeExplanation(explanation),
    revision: BigInt(revision),
  });
}

function describeExplanation(explanation: Explanation): v1.Explanation {
  const { because, wouldChange, since, ...same } = explanation;
  return create(v1.ExplanationSchema, {
    ...same,
    because: because.map(describeExplanation),
    wouldChange: wouldChange.map((whatIf) => create(v1.WhatIfSchema, { ...whatIf, anyOf: [...whatIf.anyOf] })),
    ...(since === 0 ? undefined : { since: timestampFromMs(since) }),
  });
}
