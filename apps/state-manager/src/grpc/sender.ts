import {
  ActionClientError,
  type ActionClient,
  type OffloadModelRequest,
  type PodStatusName,
} from '@statemanager/action-client';
import type { AttemptOutcome } from '@statemanager/state-machine';

/** How a call to ActionController went. */
export interface SentReconcile {
  readonly outcome: Exclude<AttemptOutcome, 'started'>;
  /** What ActionController said, or why it could not be asked. */
  readonly detail: string;
}

/** The gRPC metadata key under which an intent's id travels, so that a repeated request can be told. */
export const INTENT_ID_METADATA = 'statemanager-intent-id';

/** What StateManager asks of others: the outgoing half of the wire. */
export class Sender {
  readonly #client: ActionClient;
  readonly #current: PodStatusName;
  readonly #deadlineMs: number;

  constructor(client: ActionClient, current: PodStatusName, deadlineMs: number) {
    this.#client = client;
    this.#current = current;
    this.#deadlineMs = deadlineMs;
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
    try {
      const { desc } = await this.#client.reconcile(
        { scenarioName, current: this.#current, desired: 'RUNNING' },
        { signal, deadlineMs: this.#deadlineMs, metadata: { [INTENT_ID_METADATA]: encodeURIComponent(intentId) } },
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
    return this.#client.offloadModel(request, { signal, deadlineMs: this.#deadlineMs });
  }
}

function outcomeOf(error: unknown): SentReconcile['outcome'] {
  if (!(error instanceof ActionClientError)) return 'failed';
  if (error.code === 'unreachable' || error.code === 'circuit_open') return 'unreachable';
  return error.code === 'refused' ? 'refused' : 'failed';
}
