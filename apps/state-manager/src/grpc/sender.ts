import {
  ActionClientError,
  type ActionClient,
  type OffloadModelRequest,
  type PodStatusName,
} from '@statemanager/action-client';
import { actioncontroller } from '@statemanager/proto';
import type { AttemptOutcome } from '@statemanager/state-machine';
import type { Tracing } from '../observe/tracing.ts';

/** How a call to ActionController went. */
export interface SentReconcile {
  readonly outcome: Exclude<AttemptOutcome, 'started'>;
  /** What ActionController said, or why it could not be asked. */
  readonly detail: string;
}

/** The gRPC metadata key under which an intent's id travels, so that a repeated request can be told. */
export const INTENT_ID_METADATA = 'statemanager-intent-id';

const { typeName: SERVICE, method: METHOD } = actioncontroller.ActionControllerConnection;
const PATHS = {
  reconcile: `/${SERVICE}/${METHOD.reconcile.name}`,
  offload: `/${SERVICE}/${METHOD.offloadModel.name}`,
};

/** What StateManager asks of others: the outgoing half of the wire. */
export class Sender {
  readonly #client: ActionClient;
  readonly #current: PodStatusName;
  readonly #deadlineMs: number;
  readonly #tracing: Tracing | undefined;

  constructor(client: ActionClient, current: PodStatusName, deadlineMs: number, tracing?: Tracing) {
    this.#client = client;
    this.#current = current;
    this.#deadlineMs = deadlineMs;
    this.#tracing = tracing;
  }

  /** Whether ActionController can be reached at this moment. */
  async canReach(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#client.reach({ signal });
      return true;
    } catch {
      return false;
    }
  }

  /** Resolves when ActionController can be reached. Throws when the signal aborts. */
  async waitUntilReachable(signal: AbortSignal): Promise<void> {
    await this.#client.waitUntilReachable({ signal });
  }

  /** Asks for a scenario's package to be brought back to running: one attempt. Throws nothing. */
  async reconcile(scenarioName: string, intentId: string, signal: AbortSignal): Promise<SentReconcile> {
    if (this.#tracing === undefined) return this.#reconcile(scenarioName, intentId, signal);
    const details = { 'statemanager.scenario': scenarioName, 'statemanager.intent': intentId };
    return this.#tracing.askFor(intentId, { path: PATHS.reconcile, details }, (headers) =>
      this.#reconcile(scenarioName, intentId, signal, headers),
    );
  }

  async #reconcile(
    scenarioName: string,
    intentId: string,
    signal: AbortSignal,
    headers?: Readonly<Record<string, string>>,
  ): Promise<SentReconcile> {
    const metadata = { ...headers, [INTENT_ID_METADATA]: encodeURIComponent(intentId) };
    try {
      const { desc } = await this.#client.reconcile(
        { scenarioName, current: this.#current, desired: 'RUNNING' },
        { signal, deadlineMs: this.#deadlineMs, metadata },
      );
      return { outcome: 'accepted', detail: desc };
    } catch (error) {
      return { outcome: outcomeOf(error), detail: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Forwards an offload and returns what ActionController answered. Throws ActionClientError. */
  async offload(
    request: OffloadModelRequest,
    signal: AbortSignal,
  ): Promise<{ success: boolean; message: string; transitionId: string }> {
    const options = { signal, deadlineMs: this.#deadlineMs };
    if (this.#tracing === undefined) return this.#client.offloadModel(request, options);
    const { modelName, sourceNode, targetNode } = request;
    const details = {
      ...{ 'statemanager.model': modelName, 'statemanager.source_node': sourceNode },
      'statemanager.target_node': targetNode,
    };
    return this.#tracing.ask(
      { path: PATHS.offload, details },
      (metadata) => this.#client.offloadModel(request, { ...options, metadata }),
      ({ success }) => ({ 'statemanager.outcome': success ? 'accepted' : 'refused' }),
    );
  }
}

function outcomeOf(error: unknown): SentReconcile['outcome'] {
  if (!(error instanceof ActionClientError)) return 'failed';
  if (error.code === 'unreachable' || error.code === 'circuit_open') return 'unreachable';
  return error.code === 'refused' ? 'refused' : 'failed';
}
