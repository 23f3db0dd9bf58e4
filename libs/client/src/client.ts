import { randomUUID } from 'node:crypto';
import type { DescMessage, DescMethodUnary, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { CallScopes } from '@statemanager/grpc-call';
import { statemanager, v1 } from '@statemanager/proto';
import { cancelled, closed } from './failure.ts';
import { Failover } from './failover.ts';
import { read, settingsOf } from './options.ts';
import type { CallOptions, RetryOptions, Settings, StateManagerClientOptions, WatchOptions } from './options.ts';
import type { CallKind } from './retry.ts';
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
import { serviceClient } from './service.ts';
import type { ServiceClient } from './service.ts';
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
  readonly states: ServiceClient<typeof v1.StateService>;
  readonly definitions: ServiceClient<typeof v1.DefinitionService>;
  readonly reconciles: ServiceClient<typeof v1.ReconcileService>;
  readonly maintenance: ServiceClient<typeof v1.MaintenanceService>;
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
    this.states = this.service(v1.StateService);
    this.definitions = this.service(v1.DefinitionService);
    this.reconciles = this.service(v1.ReconcileService);
    this.maintenance = this.service(v1.MaintenanceService);
  }

  async changeState(change: ChangeRequest, options?: CallOptions): Promise<ChangeAnswer> {
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
    return changeAnswerOf(await this.#call(methods.sendStateChange, 'change', message, options));
  }

  async report({ node, containers }: Report, options: CallOptions = {}): Promise<{ message: string }> {
    checkTexts({ node });
    const deadlineMs = read.milliseconds('deadlineMs', options.deadlineMs, this.#settings.deadlineMs);
    return await this.#scopes.run(options.signal, (signal) =>
      this.#reports.send({ node, containers: [...containers] }, signal, deadlineMs),
    );
  }

  async offload(request: OffloadRequest, options?: CallOptions): Promise<OffloadAnswer> {
    const { scenarioName, packageName, modelName, sourceNode, targetNode, policyName, reason } = request;
    const fields = { scenarioName, packageName, modelName, sourceNode, targetNode, policyName, reason };
    checkTexts(fields);
    const answer = await this.#call(methods.triggerOffloading, 'once', fields, options);
    const { accepted, message, transitionId } = answer;
    return { accepted, message, transitionId };
  }

  watch(filter: WatchFilter = {}, options: WatchOptions = {}): AsyncGenerator<Watched, never> {
    const { retry } = this.#settings;
    const parts = { replicas: this.#replicas, failover: this.#failover, scopes: this.#scopes };
    return watch({ ...parts, retry: retry === false ? WATCH_PACE : retry }, filter, options);
  }

  service<S extends DescService>(service: S): ServiceClient<S> {
    return serviceClient(service, (...call) => this.#call(...call));
  }

  async close(): Promise<void> {
    await this.#scopes.close();
    await this.#replicas.close();
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    kind: CallKind,
    request: MessageInitShape<I>,
    { signal: callerSignal, deadlineMs }: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const untilMs = performance.now() + read.milliseconds('deadlineMs', deadlineMs, this.#settings.deadlineMs);
    return await this.#scopes.run(callerSignal, (signal) =>
      this.#failover.call({ method, kind, request: () => request, signal, untilMs: () => untilMs }),
    );
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
