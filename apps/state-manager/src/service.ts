import type { ConnectRouter } from '@connectrpc/connect';
import { createActionClient, type ActionClient } from '@statemanager/action-client';
import { v1 } from '@statemanager/proto';
import type { KeyValueStore } from '@statemanager/state-store';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { definitionService } from './api/definition-service.ts';
import { maintenanceService } from './api/maintenance-service.ts';
import { reconcileService } from './api/reconcile-service.ts';
import { stateService } from './api/state-service.ts';
import { framedWatch } from './api/framed-watch.ts';
import { Watches } from './api/watches.ts';
import type { Address } from './config/parsers.ts';
import type { Config } from './config/schema.ts';
import { DefinitionWatch } from './definitions/definition-watch.ts';
import { followWithSeeds, readSeeds } from './definitions/seed-definitions.ts';
import { followCertificate, openAccess, peerTlsOf, portTlsOf } from './access/from-config.ts';
import { guard } from './access/interceptor.ts';
import { Compaction } from './engine/compaction.ts';
import { CALLER } from './grpc/caller.ts';
import { Health } from './grpc/health.ts';
import { hotReport } from './grpc/hot-report.ts';
import { MisnamedContainers } from './grpc/misnamed-containers.ts';
import { Port } from './grpc/port.ts';
import { receive } from './grpc/receiver.ts';
import { reflect } from './grpc/reflection.ts';
import { Sender } from './grpc/sender.ts';
import { SERVICES } from './grpc/services.ts';
import { Wakefulness } from './grpc/wakefulness.ts';
import type { Logger } from './log.ts';
import type { Manager } from './manager.ts';
import { Observation } from './observe/observe.ts';
import { traceCalls } from './observe/trace-calls.ts';
import { openTracing, type Tracing } from './observe/tracing.ts';
import { Forwarder } from './replicas/forwarder.ts';
import { HeardStream, replicaService } from './replicas/heard-stream.ts';
import { LastWays } from './replicas/last-ways.ts';
import { LeaderLink } from './replicas/leader-link.ts';
import { ReportForwarder } from './replicas/report-forwarder.ts';
import { ReadModel } from './read/read-model.ts';
import type { Reconciler, ReconcileState } from './reconcile/reconciler.ts';
import { openStore } from './open-store.ts';
import {
  createManager,
  createReconciler,
  createSilences,
  createWaits,
  followWithHealth,
  ours,
  rulesOf,
} from './service-parts.ts';

/** `host:port`, as others write it. */
function textOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where others may reach what listens here: everywhere is no address. */
function reachable({ host, port }: Address): Address {
  return { host: host === '0.0.0.0' || host === '::' ? hostname() : host, port };
}

/** A running StateManager. */
export interface Service {
  /** Where it answers. */
  readonly address: Address;
  /** Accepts nothing new, answers what was accepted, gives up the leadership and releases everything. */
  stop(): Promise<void>;
}

/** Puts the parts together and starts them. Throws if the store's file, a port or a path cannot be had. */
export async function startService(config: Config, log: Logger): Promise<Service> {
  const store = await openStore(config.store, config);
  const tls = peerTlsOf(config);
  const client = createActionClient({
    ...{ baseUrl: config['action-controller'], retry: false, breaker: false },
    ...(tls && { tls }),
  });
  const tracing = await openTracing(process.env, log);
  try {
    return await compose(config, log, store, client, tracing);
  } catch (error) {
    await client.close();
    await store.close();
    throw error;
  }
}

async function compose(
  config: Config,
  log: Logger,
  store: KeyValueStore,
  client: ActionClient,
  tracing: Tracing | undefined,
): Promise<Service> {
  const seeds = config.definitions === undefined ? [] : await readSeeds(config.definitions, log);
  const sender = new Sender(client, config['reconcile-current'], config['reconcile-deadline-ms'], tracing);
  const manager = createManager(config, log, store, tracing);
  const observation = new Observation();
  const reconciler = createReconciler(config, log, manager, sender, observation.tally.answered);
  const model = new ReadModel({
    journalCount: config['watch-journal-count'],
    resumeWithinMs: config['watch-resume-ms'],
    reconcileStatus: (name) => reconciler.status(name),
  });
  const healthService = new Health();
  const maxContainersCount = config['max-containers-count'];
  let ownId = config.id ?? hostname();
  const link = new LeaderLink({
    id: () => ownId,
    tls: () => (config['tls-cert'] === undefined ? undefined : peerTlsOf(config)),
    log,
  });
  const forwarder = new Forwarder({
    manager,
    link,
    answerWithinMs: config['answer-within-ms'],
    maxWaitingCount: config['max-queue-count'],
    tracing,
  });
  const heardStream = new HeardStream(link, model, log);
  const reportForwarder = new ReportForwarder({ queue: manager.queue, link, tracing, log });
  const misnamed = new MisnamedContainers(log);
  const { access, files } = openAccess(config, log);
  const ways = new LastWays();
  const awake = new Wakefulness();
  let watches: Watches | undefined;
  const fallback = observation.start(store, {
    ...{ manager, reconciler, model, access, misnamed, watchesCount: () => watches?.count ?? 0 },
    forwarded: { request: forwarder.counts, report: reportForwarder.counts },
  });
  const port = new Port({
    maxMessageBytes: config['max-message-bytes'],
    framedStreams: () => (watches === undefined ? [] : [framedWatch(watches)]),
    hotMethods: [hotReport({ manager, misnamed, maxContainersCount, ways, awake, access, tracing })],
    // Behind whoever lets calls in: nobody else's traces are continued.
    interceptors: [guard(access, log), ...(tracing === undefined ? [] : [traceCalls(tracing)])],
    admit: (path, values, header) =>
      access.tryAdmit(path, values.get(CALLER).certificate, (name) => header.get(name) ?? undefined) !== 'refused',
    tls: portTlsOf(config),
    log,
    fallback,
    routes: (router, draining) => {
      receive(router, { manager, sender, forwarder, maxContainersCount, misnamed, ways, awake, log });
      watches = serveApi(router, { config, log, store, manager, reconciler, forwarder, model, draining });
      healthService.routes(router, draining);
      reflect(router, SERVICES);
    },
  });

  manager.follow(followWithSeeds(store, seeds, log));
  manager.follow(new DefinitionWatch(store, ours(manager, log), log));
  manager.follow(createWaits(config, log, manager));
  manager.follow(reconciler);
  // After the reconciler, so that what is read of an intent is what it makes of it.
  manager.follow(model);
  if (config['node-timeout-ms'] > 0) manager.follow(createSilences(config, log, manager, model));
  manager.follow(new Compaction(store, config['compact-keep-ms'], log));
  manager.follow(followWithHealth(healthService));
  manager.follow(link);
  manager.follow(ways);
  manager.follow(forwarder);
  manager.follow(heardStream);
  files.push(...followCertificate(config, port, log));
  manager.follow(reportForwarder);
  manager.follow(observation.tally);
  const address = await port.listen(config.listen).catch((cause: unknown) => {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'it is in use: does another StateManager run?' : message;
    throw new Error(`--listen ${textOf(config.listen)} cannot be had: ${why}`, { cause });
  });
  for (const file of files) file.start();
  ownId = config.id ?? `${hostname()}:${address.port}`;
  manager.start({ id: ownId, address: textOf(config.advertise ?? reachable(address)) });
  log.info({ listening: textOf(address), store: store.name }, 'listening');

  return {
    address,
    stop: async () => {
      for (const file of files) file.stop();
      heardStream.close();
      await stop(config['drain-ms'], log, { port, manager, forwarder, link, client, store, tracing });
    },
  };
}

interface Api {
  readonly config: Config;
  readonly log: Logger;
  readonly store: KeyValueStore;
  readonly manager: Manager;
  readonly reconciler: Reconciler;
  readonly forwarder: Forwarder;
  readonly model: ReadModel;
  readonly draining: AbortSignal;
}

/** Adds StateManager's own API, `statemanager.v1`, and returns the watches that run. */
function serveApi(
  router: ConnectRouter,
  { config, log, store, manager, reconciler, forwarder, model, draining }: Api,
): Watches {
  const rules = rulesOf(config);
  const reconcileStatus = (name: string): ReconcileState => reconciler.status(name);
  const watches = new Watches({
    model,
    reconcileStatus,
    bookmarkMs: config['watch-bookmark-ms'],
    stallMs: config['watch-stall-ms'],
    maxCount: config['max-watches-count'],
    draining,
    log,
  });
  router.service(v1.StateService, stateService({ model, store, rules, reconcileStatus, watches }));
  router.service(
    v1.DefinitionService,
    definitionService({ model, store, rules, answerWithinMs: config['answer-within-ms'] }),
  );
  router.service(v1.ReconcileService, reconcileService({ model, manager, reconciler, forwarder, log }));
  router.service(v1.ReplicaService, replicaService(manager, model, draining));
  router.service(v1.MaintenanceService, maintenanceService(manager, forwarder));
  return watches;
}

/** After this a stop gives up the leadership, whether or not all calls have ended. */
const HAND_OVER_AFTER_MS = 50;

/** So long may whoever collects traces take for the last ones. */
const TRACES_WITHIN_MS = 2000;

interface Parts {
  readonly port: Port;
  readonly manager: Manager;
  readonly forwarder: Forwarder;
  readonly link: LeaderLink;
  readonly client: ActionClient;
  readonly store: KeyValueStore;
  readonly tracing: Tracing | undefined;
}

async function stop(
  drainMs: number,
  log: Logger,
  { port, manager, forwarder, link, client, store, tracing }: Parts,
): Promise<void> {
  log.info('stopping: finishing what was accepted');
  const until = performance.now() + drainMs;
  const drained = port.drain(drainMs);
  // Calls that are under way end in less; whoever takes longer does not keep the next leader waiting.
  await Promise.race([drained, sleep(HAND_OVER_AFTER_MS)]);
  await manager.stop(Math.max(0, until - performance.now()));
  forwarder.close();
  await drained;
  link.close();
  await client.close();
  await store.close();
  await tracing?.close(TRACES_WITHIN_MS);
  log.info('stopped');
}
