import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { CallScopes, Connection, sleep, waitsMs } from '@statemanager/grpc-call';
import { actioncontroller } from '@statemanager/proto';
import type {
  ActionClient,
  CompleteNetworkSettingAnswer,
  CompleteNetworkSettingRequest,
  OffloadModelAnswer,
  OffloadModelRequest,
  ReconcileRequest,
  TriggerActionRequest,
} from './action-client.ts';
import { attempt } from './attempt.ts';
import { createBreaker } from './breaker.ts';
import type { Breaker } from './breaker.ts';
import { ActionClientError } from './error.ts';
import { cancelled, closed, refusedByStatus, unreachable } from './failure.ts';
import { headersOf } from './metadata.ts';
import { read, settingsOf } from './options.ts';
import type { ActionClientOptions, CallOptions, ReachOptions, Settings, WaitOptions } from './options.ts';
import { retrying } from './retry.ts';

const { method: methods } = actioncontroller.ActionControllerConnection;
const { NetworkStatus, PodStatus } = actioncontroller;

/**
 * A client for the ActionController at `baseUrl`. Connects when first used. Throws `invalid_argument` for bad options;
 * nothing else can fail here.
 */
export function createActionClient(options: ActionClientOptions): ActionClient {
  return new Client(settingsOf(options));
}

class Client implements ActionClient {
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #breaker: Breaker;
  readonly #scopes = new CallScopes({ cancelled, closed });

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#connection = new Connection(settings.origin, settings);
    this.#breaker = createBreaker(settings.breaker);
  }

  async reconcile(request: ReconcileRequest, options?: CallOptions): Promise<{ desc: string }> {
    const { scenarioName } = request;
    const current = numberOf(PodStatus, 'current', request.current);
    const desired = numberOf(PodStatus, 'desired', request.desired);
    // Reconcile says how things should be, not what to do: saying it twice is the same as once.
    const answer = await this.#call(methods.reconcile, true, { scenarioName, current, desired }, options);
    return accepted(methods.reconcile.name, answer);
  }

  async offloadModel(request: OffloadModelRequest, options?: CallOptions): Promise<OffloadModelAnswer> {
    const { scenarioName, packageName, modelName, sourceNode, targetNode, policyName, reason } = request;
    const fields = { scenarioName, packageName, modelName, sourceNode, targetNode, policyName, reason };
    const { success, message, transitionId } = await this.#call(methods.offloadModel, false, fields, options);
    return { success, message, transitionId };
  }

  async triggerAction({ scenarioName }: TriggerActionRequest, options?: CallOptions): Promise<{ desc: string }> {
    const answer = await this.#call(methods.triggerAction, false, { scenarioName }, options);
    return accepted(methods.triggerAction.name, answer);
  }

  async completeNetworkSetting(
    request: CompleteNetworkSettingRequest,
    options?: CallOptions,
  ): Promise<CompleteNetworkSettingAnswer> {
    const { requestId, details } = request;
    const networkStatus = numberOf(NetworkStatus, 'networkStatus', request.networkStatus);
    const podStatus = numberOf(PodStatus, 'podStatus', request.podStatus);
    const fields = { requestId, networkStatus, podStatus, details };
    const { acknowledged } = await this.#call(methods.completeNetworkSetting, false, fields, options);
    return { acknowledged };
  }

  async reach(options?: ReachOptions): Promise<void> {
    await this.#scopes.run(options?.signal, (signal) => this.#reach(signal));
  }

  async waitUntilReachable(options: WaitOptions = {}): Promise<void> {
    const pollMs = read.milliseconds('pollMs', options.pollMs, 250);
    const maxPollMs = read.milliseconds('maxPollMs', options.maxPollMs, 2_000);
    const waits = waitsMs(pollMs, maxPollMs);
    await this.#scopes.run(options.signal, async (signal) => {
      for (;;) {
        try {
          await this.#reach(signal);
          return;
        } catch (error) {
          if (!(error instanceof ActionClientError) || error.code !== 'unreachable') throw error;
        }
        await sleep(waits.next().value, signal);
      }
    });
  }

  async close(): Promise<void> {
    await this.#scopes.close();
    await this.#connection.close();
  }

  async #reach(signal: AbortSignal): Promise<void> {
    try {
      await this.#connection.verify(signal);
    } catch (cause) {
      throw signal.aborted ? signal.reason : unreachable(this.#settings.origin, cause);
    }
    this.#breaker.reached();
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    idempotent: boolean,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const deadlineMs = read.milliseconds('deadlineMs', options.deadlineMs, this.#settings.deadlineMs);
    const headers = headersOf(options.metadata);
    checkTexts(request);
    return await this.#scopes.run(options.signal, (signal) =>
      retrying(this.#settings.retry, { idempotent, signal }, () =>
        this.#breaker.run(() => attempt(this.#connection, method, request, { signal, deadlineMs, headers })),
      ),
    );
  }
}

function accepted(method: string, { status, desc }: { status: number; desc: string }): { desc: string } {
  if (status !== 0) throw refusedByStatus(method, status, desc);
  return { desc };
}

/** Callers may be JavaScript, and the encoder would find out only after the call has begun. */
function checkTexts(fields: object): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string' && typeof value !== 'number') throw read.invalid(name, value, 'a string');
  }
}

/** The wire's number of a name; checked, because callers may be JavaScript. */
function numberOf<N extends string, V>(names: Readonly<Record<N, V>>, field: string, name: N): V {
  if (typeof name === 'string' && Object.hasOwn(names, name) && typeof names[name] === 'number') return names[name];
  const known = Object.values(names).filter((value) => typeof value === 'string');
  throw read.invalid(field, name, `one of ${known.join(', ')}`);
}
