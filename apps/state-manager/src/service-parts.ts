import type { RuleOptions } from '@statemanager/state-machine';
import type { KeyValueStore } from '@statemanager/state-store';
import type { Config } from './config/schema.ts';
import type { Follower } from './engine/follower.ts';
import { Silences } from './engine/silences.ts';
import { Waits } from './engine/waits.ts';
import type { Health } from './grpc/health.ts';
import type { Sender } from './grpc/sender.ts';
import type { Logger } from './log.ts';
import { Manager } from './manager.ts';
import type { Tally } from './observe/tally.ts';
import type { Tracing } from './observe/tracing.ts';
import type { ReadModel } from './read/read-model.ts';
import { Reconciler } from './reconcile/reconciler.ts';

/** How many silent nodes one line of the log names. */
const NAMED_NODES_COUNT = 20;

/** Works through the intents, as the settings say. */
export function createReconciler(
  config: Config,
  log: Logger,
  manager: Manager,
  sender: Sender,
  onAnswered: Tally['answered'],
): Reconciler {
  return new Reconciler({
    sender,
    onAnswered,
    submit: (input, options) => manager.submit(input, options),
    inFlightCount: config['reconcile-in-flight-count'],
    initialBackoffMs: config['reconcile-initial-backoff-ms'],
    maxBackoffMs: config['reconcile-max-backoff-ms'],
    healMs: config['reconcile-heal-ms'],
    log,
  });
}

/** Notices nodes that fall silent, and marks what they said. */
export function createSilences(config: Config, log: Logger, manager: Manager, model: ReadModel): Silences {
  const options = {
    timeoutMs: config['node-timeout-ms'],
    as: config['silent-as'],
    graceMs: config['silent-grace-ms'],
  };
  return new Silences(options, ours(manager, log), (nodes) => {
    log.warn({ nodes: nodes.slice(0, NAMED_NODES_COUNT), count: nodes.length }, 'nodes have fallen silent');
    model.forgetHeard(nodes);
  });
}

/** Measures graces, offloads and backoffs while this process leads. */
export function createWaits(config: Config, log: Logger, manager: Manager): Follower {
  const waits = new Waits(
    {
      missingGraceMs: config['missing-grace-ms'],
      offloadGraceMs: config['offload-grace-ms'],
      reconcileResetMs: config['reconcile-reset-ms'],
    },
    ours(manager, log),
  );
  return {
    onTerm: ({ view }) => {
      waits.begin(view);
      return [];
    },
    onCommit: ({ changes }) => waits.follow(changes),
    onTermEnd: () => waits.end(),
  };
}

/** Serving is who leads, or follows one who does: what only the leader can do is forwarded. */
export function followWithHealth(health: Health): Follower {
  let isLoaded = false;
  let isLed = false;
  return {
    onView: () => {
      isLoaded = true;
      health.serving = isLed;
    },
    onLeader: (leader) => {
      isLed = leader !== undefined;
      health.serving = isLoaded && isLed;
    },
    onTerm: () => {
      isLed = false;
      return [];
    },
    onServing: () => {
      health.serving = true;
    },
    onTermEnd: () => {
      health.serving = false;
    },
  };
}

/** The engine, as the settings say. */
export function createManager(
  config: Config,
  log: Logger,
  store: KeyValueStore,
  tracing: Tracing | undefined,
): Manager {
  return new Manager({
    store,
    rules: rulesOf(config),
    stateNames: config['state-names'],
    maxQueueCount: config['max-queue-count'],
    answerWithinMs: config['answer-within-ms'],
    tracing,
    log,
  });
}

/** How the settings have the rules. */
export function rulesOf(config: Config): RuleOptions {
  return {
    cleanExitCodes: config['clean-exit-codes'],
    missingGraceMs: config['missing-grace-ms'],
    missingAs: config['missing-as'] === 'dead' ? 'Dead' : 'Exited',
    reconcileOn: config['reconcile-on'],
    maxResourcesCount: config['max-resources-count'],
    removedKeptCount: config['removed-kept-count'],
  };
}

/** Submits an input that nobody waits for. */
export function ours(manager: Manager, log: Logger): (input: Parameters<Manager['submit']>[0]) => void {
  return (input) => {
    manager
      .submit(input)
      .catch((error: unknown) => log.warn({ err: error, input: input.type }, 'an input was dropped'));
  };
}
