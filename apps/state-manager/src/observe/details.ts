import type { Attributes } from '@opentelemetry/api';
import type { Input, Transition } from '@statemanager/state-machine';
import type { DecidedBatch, Outcome } from '../engine/decide-batch.ts';

/** So many transitions of one input are told one by one; how many there are is always said. */
export const MAX_TOLD_COUNT = 16;

/** What a span says of an input and what became of it. */
export function detailsOf(input: Input, outcome: Outcome): Attributes {
  return {
    'statemanager.input': input.type,
    ...aboutOf(input),
    'statemanager.outcome': outcome.accepted ? 'accepted' : outcome.code,
    'statemanager.transitions.count': outcome.accepted ? outcome.transitions.length : 0,
  };
}

function aboutOf(input: Input): Attributes {
  switch (input.type) {
    case 'report':
      return { 'statemanager.node': input.node, 'statemanager.containers.count': input.containers.length };
    case 'node-silent':
    case 'node-forgotten':
      return { 'statemanager.node': input.node };
    case 'change':
      return {
        'statemanager.kind': input.kind ?? 'none',
        'statemanager.name': input.name,
        'statemanager.target': input.targetState,
        'statemanager.transition_id': input.transitionId,
      };
    case 'offload-answered':
    case 'offload-over':
      return { 'statemanager.model': input.model, 'statemanager.transition_id': input.id };
    case 'grace-over':
      return { 'statemanager.model': input.model };
    case 'resource-deleted':
      return { 'statemanager.kind': input.kind, 'statemanager.name': input.name };
    case 'attempt-started':
    case 'attempt-ended':
    case 'backoff-over':
    case 'reconcile-paused':
    case 'reconcile-resumed':
      return { 'statemanager.package': input.packageName };
    case 'package-defined':
    case 'package-undefined':
    case 'scenario-defined':
    case 'scenario-undefined':
      return { 'statemanager.name': input.name };
    case 'leading':
      return {};
  }
}

/** What a span says of one transition. */
export function transitionDetails({ kind, name, from, to, rule }: Transition): Attributes {
  return {
    'statemanager.kind': kind,
    'statemanager.name': name,
    'statemanager.from': from ?? 'none',
    'statemanager.to': to ?? 'none',
    'statemanager.rule': rule,
  };
}

/** What a span says of a transaction. */
export function transactionDetails({ batch, outcomes }: DecidedBatch, tracesCount: number): Attributes {
  return {
    'statemanager.inputs.count': outcomes.size,
    'statemanager.traces.count': tracesCount,
    'statemanager.transitions.count': batch.transitions.length,
    'statemanager.operations.count': batch.operationsCount,
  };
}
