import type { Decision, Input, Rejection, RuleOptions } from './decision.ts';
import { decideChange } from './decide-change.ts';
import {
  decidePackageDefined,
  decidePackageUndefined,
  decideScenarioDefined,
  decideScenarioUndefined,
} from './decide-definition.ts';
import { decideGraceOver, decideOffloadAnswered, decideOffloadOver } from './decide-model-event.ts';
import { decideNodeForgotten, decideReconcileSteered, decideResourceDeleted } from './decide-operator.ts';
import { decideNodeSilent } from './decide-silence.ts';
import { decideReport } from './decide-report.ts';
import { Draft } from './draft.ts';
import type { Fleet } from './fleet.ts';
import { decideAttemptEnded, decideAttemptStarted, decideBackoffOver, matchIntents } from './intent.ts';

/**
 * Everything that follows from an input, in view of what is known: the one place where states come from.
 *
 * Pure: it reads no clock, does no I/O and leaves `view` as it is. Deciding an input again, on a view that has absorbed
 * its changes, changes nothing, but for an attempt that starts or an offload that is noted.
 */
export function decide(view: Fleet, input: Input, options: RuleOptions): Decision | Rejection {
  switch (input.type) {
    case 'report':
      return decideReport(view, input, options);
    case 'change':
      return decideChange(view, input, options);
    case 'package-defined':
      return decidePackageDefined(view, input, options);
    case 'package-undefined':
      return decidePackageUndefined(view, input, options);
    case 'scenario-defined':
      return decideScenarioDefined(view, input, options);
    case 'scenario-undefined':
      return decideScenarioUndefined(view, input, options);
    case 'grace-over':
      return decideGraceOver(view, input, options);
    case 'offload-answered':
      return decideOffloadAnswered(view, input, options);
    case 'offload-over':
      return decideOffloadOver(view, input, options);
    case 'attempt-started':
      return decideAttemptStarted(view, input, options);
    case 'attempt-ended':
      return decideAttemptEnded(view, input, options);
    case 'backoff-over':
      return decideBackoffOver(view, input, options);
    case 'node-silent':
      return decideNodeSilent(view, input, options);
    case 'node-forgotten':
      return decideNodeForgotten(view, input, options);
    case 'resource-deleted':
      return decideResourceDeleted(view, input, options);
    case 'reconcile-paused':
    case 'reconcile-resumed':
      return decideReconcileSteered(view, input, options);
    case 'leading': {
      const draft = new Draft(view, input, options);
      matchIntents(draft, input.packages);
      return draft.decision('intents match the states');
    }
  }
}
