import { randomUUID } from 'node:crypto';
import { createClient } from '@connectrpc/connect';
import type { Client, Transport } from '@connectrpc/connect';
import { CallScopes } from '@statemanager/grpc-call';
import { statemanager, v1 } from '@statemanager/proto';
import { cancelled, closed } from './failure.ts';
import { Failover } from './failover.ts';
import { read, settingsOf } from './options.ts';
import type { CallOptions, RetryOptions, Settings, StateManagerClientOptions, WatchOptions } from './options.ts';
import { Replicas } from './replicas.ts';
import { Reports } from './reports.ts';
import type {
  ChangeableKind,
  ChangeAnswer,
  ChangeErrorCode,
  ChangeRequest,
  OffloadAnswer,
  OffloadRequest,
  Report,
  StateManagerClient,
  WatchFilter,
} from './state-manager-client.ts';
import { createTransport } from './transport.ts';
import { watch } from './watch.ts';
import type { Watched } from './watched.ts';

const { method: methods } = statemanager.StateManagerConnection;
const { ErrorCode, ResourceType } = statemanager;

/** The pace of watches where calls are not repeated: a watch that does not resume is none. */
const WATCH_PACE: Required<RetryOptions> = { initialDelayMs: 100, maxDelayMs: 2_000 };

const KINDS: Readonly<Record<ChangeableKind, statemanager.ResourceType>> = {
  scenario: ResourceType.SCENARIO,
  package: ResourceType.PACKAGE,
  model: ResourceType.MODEL,
};

/**
 * A client of the StateManager that answers at any of `addresses`. Connects when first used. Throws `invalid_argument` for
 * bad options; nothing else can fail here.
 */
export function createStateManagerClient(options: StateManagerClientOptions): StateManagerClient {
  return new ReplicatedClient(settingsOf(options));
}

class ReplicatedClient implements StateManagerClient {
  readonly transport: Transport;
  readonly states: Client<typeof v1.StateService>;
  readonly definitions: Client<typeof v1.DefinitionService>;
  readonly reconciles: Client<typeof v1.ReconcileService>;
  readonly maintenance: Client<typeof v1.MaintenanceService>;
  readonly #settings: Settings;
  readonly #scopes = new CallScopes({ cancelled, closed });
  readonly #replicas: Replicas;
  readonly #failover: Failover;
  readonly #reports: Reports;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#replicas = new Replicas(settings);
    this.#failover = new Failover(settings, this.#replicas);
    this.#reports = new Reports(this.#failover);
    const { deadlineMs } = settings;
    const parts = { replicas: this.#replicas, failover: this.#failover, scopes: this.#scopes, deadlineMs };
    this.transport = createTransport(parts);
    this.states = createClient(v1.StateService, this.transport);
    this.definitions = createClient(v1.DefinitionService, this.transport);
    this.reconciles = createClient(v1.ReconcileService, this.transport);
    this.maintenance = createClient(v1.MaintenanceService, this.transport);
  }

  async changeState(change: ChangeRequest, options: CallOptions = {}): Promise<ChangeAnswer> {
    const { kind, name, targetState, currentState = '', source, transitionId = randomUUID() } = change;
    if (!Object.hasOwn(KINDS, kind)) throw read.invalid('kind', kind, `one of ${Object.keys(KINDS).join(', ')}`);
    const texts = { name, targetState, currentState, source, transitionId };
    checkTexts(texts);
    const message = {
      resourceType: KINDS[kind],
      resourceName: name,
      targetState,
      currentState,
      source,
      transitionId,
      timestampNs: BigInt(Date.now()) * 1_000_000n,
    };
    const untilMs = this.#untilMs(options);
    const answer = await this.#scopes.run(options.signal, (signal) =>
      this.#failover.call({ method: methods.sendStateChange, kind: 'change', request: () => message, signal, untilMs }),
    );
    return changeAnswerOf(answer.message);
  }

  async report({ node, containers }: Report, options: CallOptions = {}): Promise<{ message: string }> {
    checkTexts({ node });
    const deadlineMs = read.milliseconds('deadlineMs', options.deadlineMs, this.#settings.deadlineMs);
    return await this.#scopes.run(options.signal, (signal) =>
      this.#reports.send({ node, containers: [...containers] }, signal, deadlineMs),
    );
  }

  async offload(request: OffloadRequest, options: CallOptions = {}): Promise<OffloadAnswer> {
    const { scenarioName, packageName, modelName, sourceNode, targetNode, policyName, reason } = request;
    const fields = { scenarioName, packageName, modelName, sourceNode, targetNode, policyName, reason };
    checkTexts(fields);
    const untilMs = this.#untilMs(options);
    const answer = await this.#scopes.run(options.signal, (signal) =>
      this.#failover.call({ method: methods.triggerOffloading, kind: 'once', request: () => fields, signal, untilMs }),
    );
    const { accepted, message, transitionId } = answer.message;
    return { accepted, message, transitionId };
  }

  watch(filter: WatchFilter = {}, options: WatchOptions = {}): AsyncGenerator<Watched, never> {
    const { retry } = this.#settings;
    const parts = { replicas: this.#replicas, failover: this.#failover, scopes: this.#scopes };
    return watch({ ...parts, retry: retry === false ? WATCH_PACE : retry }, filter, options);
  }

  async close(): Promise<void> {
    await this.#scopes.close();
    await this.#replicas.close();
  }

  #untilMs({ deadlineMs }: CallOptions): () => number {
    const untilMs = performance.now() + read.milliseconds('deadlineMs', deadlineMs, this.#settings.deadlineMs);
    return () => untilMs;
  }
}

function changeAnswerOf(answer: statemanager.StateChangeResponse): ChangeAnswer {
  const { errorCode, errorDetails, message, transitionId } = answer;
  const name = (ErrorCode[errorCode] ?? 'UNSPECIFIED') as ChangeErrorCode;
  return { accepted: errorCode === ErrorCode.SUCCESS, errorCode: name, errorDetails, message, transitionId };
}

/** Callers may be JavaScript, and the encoder would find out only after the call has begun. */
function checkTexts(fields: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string') throw read.invalid(name, value, 'a string');
  }
}
