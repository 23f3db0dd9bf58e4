import { RESOURCE_KINDS } from '@statemanager/state-machine';
import type { StoreState } from '@statemanager/state-store';
import { versionOf } from '../version.ts';
import type { Metric, Sample } from './metric.ts';
import { readinessOf } from './readiness.ts';
import type { Tally } from './tally.ts';

/** How a store can be. */
const STORE_STATES = ['ok', 'slow', 'no_space', 'read_only', 'unavailable'] as const satisfies readonly StoreState[];

/** Every metric but those of {@link HISTOGRAMS} and of the process itself; each with a row in `docs/operations.md`. */
export const METRICS: readonly Metric[] = [
  {
    name: 'statemanager_build_info',
    type: 'gauge',
    help: 'Always 1; which StateManager this is, and on which Node it runs',
    labels: ['version', 'node_version'],
    read: () => [[{ version: versionOf(), node_version: process.version }, 1]],
  },
  {
    name: 'statemanager_ready',
    type: 'gauge',
    help: 'Whether /readyz says that this process can answer',
    read: (sources) => Number(readinessOf(sources, false).ready),
  },
  {
    name: 'statemanager_leading',
    type: 'gauge',
    help: 'Whether this process leads and decides',
    read: ({ manager }) => Number(manager.leads),
  },
  {
    name: 'statemanager_leader_known',
    type: 'gauge',
    help: 'Whether this process leads, or knows which other one does',
    read: ({ manager }) => Number(manager.leads || manager.leader !== undefined),
  },
  {
    name: 'statemanager_elections_won_total',
    type: 'counter',
    help: 'Elections that this process won',
    read: ({ tally }) => tally.electionsCount,
  },
  {
    name: 'statemanager_terms_total',
    type: 'counter',
    help: 'Terms in which this process came to decide',
    read: ({ tally }) => tally.termsCount,
  },
  {
    name: 'statemanager_leader_changes_total',
    type: 'counter',
    help: 'How often another process was seen to have become the leader',
    read: ({ tally }) => tally.leaderChangesCount,
  },
  {
    name: 'statemanager_forwarded_calls_total',
    type: 'counter',
    help: 'Tries to have the leader answer what came to this process',
    labels: ['type', 'result'],
    read: ({ forwarded }) =>
      Object.entries(forwarded).flatMap(([type, tries]) =>
        Object.entries(tries).map(([result, count]): Sample => [{ type, result }, count]),
      ),
  },
  {
    name: 'statemanager_view_loaded',
    type: 'gauge',
    help: 'Whether this process knows the fleet, so that it can be read',
    read: ({ model }) => Number(model.present !== undefined),
  },
  {
    name: 'statemanager_view_revision',
    type: 'gauge',
    help: 'The revision of the store up to which the view goes',
    read: ({ model }) => model.present?.revision,
  },
  {
    name: 'statemanager_resources',
    type: 'gauge',
    help: 'Resources in each state',
    labels: ['kind', 'state'],
    read: ({ tally }) => byKindAndState(tally.resources),
  },
  {
    name: 'statemanager_nodes',
    type: 'gauge',
    help: 'Nodes that have reported and were not forgotten',
    read: ({ tally }) => tally.view?.count('node'),
  },
  {
    name: 'statemanager_transitions_total',
    type: 'counter',
    help: 'Transitions that this process decided, by what the resource became',
    labels: ['kind', 'state'],
    read: ({ tally }) => byKindAndState(tally.transitions),
  },
  {
    name: 'statemanager_reports_total',
    type: 'counter',
    help: 'Reports of nodes, by what followed from them',
    labels: ['result'],
    read: ({ tally: { reports }, manager }) => [
      [{ result: 'changed' }, reports.changed],
      [{ result: 'unchanged' }, reports.unchanged + manager.confirmedCount],
      [{ result: 'refused' }, reports.refused + manager.malformedCount],
      [{ result: 'superseded' }, manager.queue.supersededCount],
    ],
  },
  {
    name: 'statemanager_misnamed_containers_total',
    type: 'counter',
    help: 'Containers in reports that were left out because what names their model is no name',
    read: ({ misnamed }) => misnamed.count,
  },
  {
    name: 'statemanager_inputs_total',
    type: 'counter',
    help: 'Whatever else was decided, by its kind and by what followed from it',
    labels: ['type', 'result'],
    read: ({ tally }) =>
      Object.entries(tally.inputs).flatMap(([type, results]) =>
        Object.entries(results).map(([result, count]): Sample => [{ type, result }, count]),
      ),
  },
  {
    name: 'statemanager_commits_total',
    type: 'counter',
    help: 'Transactions of this process that are durable',
    read: ({ tally }) => tally.commitsCount,
  },
  {
    name: 'statemanager_commit_pauses_seconds_total',
    type: 'counter',
    help: 'How long commits were held up because the store forgets its history more slowly than it is written to',
    read: ({ manager }) => seconds(manager.pausedMs),
  },
  {
    name: 'statemanager_queue_inputs',
    type: 'gauge',
    help: 'What waits to be decided; reports also where they wait for a leader',
    labels: ['type'],
    read: ({ manager: { queue } }) => [
      [{ type: 'report' }, queue.reportsCount],
      [{ type: 'request' }, queue.requestsCount],
      [{ type: 'own' }, queue.size - queue.reportsCount - queue.requestsCount],
    ],
  },
  {
    name: 'statemanager_queue_oldest_age_seconds',
    type: 'gauge',
    help: 'How long what has waited longest waits; 0 if nothing does',
    read: ({ manager: { queue } }) => secondsSince(queue.since),
  },
  {
    name: 'statemanager_queue_refused_total',
    type: 'counter',
    help: 'Requests that were refused because too many waited',
    read: ({ manager: { queue } }) => queue.refusedCount,
  },
  {
    name: 'statemanager_denied_calls_total',
    type: 'counter',
    help: 'Calls of somebody without a name that is known, or whose name may not',
    labels: ['reason'],
    read: ({ access }) => Object.entries(access.refusedCounts).map(([reason, count]): Sample => [{ reason }, count]),
  },
  {
    name: 'statemanager_reconciles_total',
    type: 'counter',
    help: 'Calls to ActionController, by what they came to',
    labels: ['result'],
    read: ({ tally }) => Object.entries(tally.reconciles).map(([result, count]): Sample => [{ result }, count]),
  },
  {
    name: 'statemanager_reconciles_running',
    type: 'gauge',
    help: 'Reconcile attempts that run',
    read: ({ reconciler }) => reconciler.activity.runningCount,
  },
  {
    name: 'statemanager_intents',
    type: 'gauge',
    help: 'Packages that are to be reconciled, paused ones included',
    read: ({ tally }) => tally.intentsCount,
  },
  {
    name: 'statemanager_intent_oldest_age_seconds',
    type: 'gauge',
    help: 'For how long the package that waits longest is to be reconciled; 0 if none is',
    read: ({ tally: { oldestIntentAt } }) =>
      oldestIntentAt === undefined ? 0 : Math.max(0, Date.now() - oldestIntentAt) / 1000,
  },
  {
    name: 'statemanager_action_controller_away',
    type: 'gauge',
    help: 'Whether reconciles wait because ActionController cannot be reached',
    read: ({ reconciler }) => Number(reconciler.activity.isAway),
  },
  {
    name: 'statemanager_watches',
    type: 'gauge',
    help: 'Watches that run',
    read: ({ watchesCount }) => watchesCount(),
  },
  {
    name: 'statemanager_watch_lag_entries',
    type: 'gauge',
    help: 'How many entries of the journal the slowest watch has not taken yet',
    read: ({ model }) => model.journal.lag.entriesCount,
  },
  {
    name: 'statemanager_watch_lag_seconds',
    type: 'gauge',
    help: 'How long the oldest entry is there that the slowest watch has not taken yet',
    read: ({ model }) => model.journal.lag.ageMs / 1000,
  },
  {
    name: 'statemanager_watch_resyncs_total',
    type: 'counter',
    help: 'Watches that had to begin anew, because what came in between is not known any more',
    read: ({ model }) => model.resyncsCount,
  },
  {
    name: 'statemanager_journal_changes',
    type: 'gauge',
    help: 'What is kept for watches, counted as --watch-journal-count is',
    read: ({ model }) => model.journal.count,
  },
  {
    name: 'statemanager_store_state',
    type: 'gauge',
    help: '1 for the state that the store was found in last, 0 for the others',
    labels: ['state'],
    read: ({ store }) => STORE_STATES.map((state): Sample => [{ state }, Number(store.last?.state === state)]),
  },
  {
    name: 'statemanager_store_latency_seconds',
    type: 'gauge',
    help: 'How long the last look at the store took, or the last write, if that took longer',
    read: ({ store }) => seconds(store.last?.latencyMs),
  },
  {
    name: 'statemanager_store_size_bytes',
    type: 'gauge',
    help: 'What the store takes up where it stores; absent if it does not say',
    read: ({ store }) => store.last?.sizeBytes,
  },
  {
    name: 'statemanager_store_look_age_seconds',
    type: 'gauge',
    help: 'How long ago the store was looked at; it is every 2 s, unless it does not answer',
    read: ({ store }) => seconds(store.last?.ageMs),
  },
];

function byKindAndState(counts: Tally['resources']): readonly Sample[] {
  return RESOURCE_KINDS.flatMap((kind) => [...counts[kind]].map(([state, count]): Sample => [{ kind, state }, count]));
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function secondsSince(at: number | undefined): number {
  return at === undefined ? 0 : (performance.now() - at) / 1000;
}
