import type { CallOptions, ReachOptions, WaitOptions } from './options.ts';

/** How a pod is, or should be. */
export type PodStatusName = 'NONE' | 'INIT' | 'READY' | 'RUNNING' | 'DONE' | 'FAILED' | 'UNKNOWN';

/** How a network is. */
export type NetworkStatusName = 'OK' | 'ERROR' | 'TIMEOUT';

/** Asks that a scenario's package be brought from what it is to what it should be. */
export interface ReconcileRequest {
  scenarioName: string;
  current: PodStatusName;
  desired: PodStatusName;
}

/** Asks that a model be moved from one node to another. */
export interface OffloadModelRequest {
  scenarioName: string;
  packageName: string;
  modelName: string;
  sourceNode: string;
  targetNode: string;
  policyName: string;
  reason: string;
}

/** What ActionController says to an offload; `success: false` is an answer, not an error. */
export interface OffloadModelAnswer {
  success: boolean;
  message: string;
  transitionId: string;
}

/** Asks that a scenario's action be done. */
export interface TriggerActionRequest {
  scenarioName: string;
}

/** Says how a network that was asked for has turned out. */
export interface CompleteNetworkSettingRequest {
  requestId: string;
  networkStatus: NetworkStatusName;
  podStatus: PodStatusName;
  details: string;
}

/** Whether ActionController took note of it; `false` is an answer, not an error. */
export interface CompleteNetworkSettingAnswer {
  acknowledged: boolean;
}

/**
 * A client of one ActionController. It holds one HTTP/2 connection at a time, opened when first needed and again when lost.
 * All methods may be called at the same time. Every rejection is an `ActionClientError`.
 */
export interface ActionClient {
  /** Resolves only when ActionController accepted (status 0). Idempotent: repeated also when it may have been received. */
  reconcile(request: ReconcileRequest, options?: CallOptions): Promise<{ desc: string }>;
  /** Resolves with the answer, be it yes or no. Not idempotent: repeated only when it was surely not done. */
  offloadModel(request: OffloadModelRequest, options?: CallOptions): Promise<OffloadModelAnswer>;
  /** Resolves only when ActionController accepted (status 0). Not idempotent: repeated only when it was surely not done. */
  triggerAction(request: TriggerActionRequest, options?: CallOptions): Promise<{ desc: string }>;
  /** Resolves with the answer, be it yes or no. Not idempotent: repeated only when it was surely not done. */
  completeNetworkSetting(
    request: CompleteNetworkSettingRequest,
    options?: CallOptions,
  ): Promise<CompleteNetworkSettingAnswer>;
  /**
   * Connects, or pings the connection there is, now: resolves when ActionController speaks, throws `unreachable` if
   * it does not within `keepAliveTimeoutMs` (a connection there is) and `connectTimeoutMs` (a new one).
   * It sends no call and asks no circuit breaker; success closes a circuit that failing connections had opened.
   */
  reach(options?: ReachOptions): Promise<void>;
  /** Tries `reach` again and again, with growing waits, until it succeeds. Throws only `cancelled` and `closed`. */
  waitUntilReachable(options?: WaitOptions): Promise<void>;
  /** Ends open calls with `closed` and resolves when no socket or timer is left. May be called again. */
  close(): Promise<void>;
}
