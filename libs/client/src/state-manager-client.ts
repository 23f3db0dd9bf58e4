import type { DescService, MessageInitShape } from '@bufbuild/protobuf';
import type { v1 } from '@statemanager/proto';
import type { CallOptions, WatchOptions } from './options.ts';
import type { ServiceClient } from './service.ts';
import type { Watched } from './watched.ts';

/** What has a state that can be asked for. */
export type ChangeableKind = 'scenario' | 'package' | 'model';

/** Asks that a resource be in another state. */
export interface ChangeRequest {
  kind: ChangeableKind;
  name: string;
  /** A state of that kind, in any case. */
  targetState: string;
  /** The state that it must be in now; absent if any will do. */
  currentState?: string;
  /** Who asks. */
  source: string;
  /** What the change is known by, so that it is applied once; a fresh UUID if absent. */
  transitionId?: string;
}

/** Why a change was refused; `SUCCESS` if it was not. */
export type ChangeErrorCode =
  | 'SUCCESS'
  | 'UNSPECIFIED'
  | 'INVALID_REQUEST'
  | 'RESOURCE_NOT_FOUND'
  | 'INVALID_STATE_TRANSITION'
  | 'PRECONDITION_FAILED'
  | 'TIMEOUT'
  | 'RESOURCE_UNAVAILABLE'
  | 'PERMISSION_DENIED'
  | 'INTERNAL_ERROR'
  | 'DEPENDENCY_FAILED'
  | 'RECOVERY_FAILED';

/** What StateManager says to a change; a refusal is an answer too. */
export interface ChangeAnswer {
  /** Whether the resource is in the state that was asked for. */
  accepted: boolean;
  errorCode: ChangeErrorCode;
  /** What is wrong, and what would be right; empty if nothing is. */
  errorDetails: string;
  /** A sentence for people. */
  message: string;
  transitionId: string;
}

/** A container in Podman's own words. */
export interface ReportedContainer {
  id?: string;
  names?: readonly string[];
  image?: string;
  /** The state part of Podman's inspect: Status, ExitCode, OOMKilled and so on, all as text. */
  state?: Readonly<Record<string, string>>;
  config?: Readonly<Record<string, string>>;
  /** Labels and annotations together; they name the model. */
  annotation?: Readonly<Record<string, string>>;
  stats?: Readonly<Record<string, string>>;
}

/** Every container of a node: what is not in it is not there any more. */
export interface Report {
  node: string;
  containers: readonly ReportedContainer[];
}

/** Asks for a model to move to another node. */
export interface OffloadRequest {
  scenarioName: string;
  packageName: string;
  modelName: string;
  sourceNode: string;
  targetNode: string;
  policyName: string;
  reason: string;
}

/** What StateManager says to an offload; `accepted: false` is an answer, not an error. */
export interface OffloadAnswer {
  accepted: boolean;
  message: string;
  transitionId: string;
}

/** A filter of resources; empty lists do not filter. */
export type WatchFilter = MessageInitShape<typeof v1.ResourceFilterSchema>;

/**
 * A client of one StateManager, however many replicas it has. It holds one HTTP/2 connection to each that it needs. All
 * methods may be called at the same time. Every rejection is a `StateManagerClientError`.
 */
export interface StateManagerClient {
  /**
   * Asks for a state. Resolves with the answer, be it yes or no, once it is durable. Repeated until the deadline, always
   * with the same transition id, so that it is applied once.
   */
  changeState(request: ChangeRequest, options?: CallOptions): Promise<ChangeAnswer>;
  /**
   * Reports a node. Resolves once what follows is durable. Of each node one report is under way at a time; of those that
   * wait only the newest is sent, and the callers of older ones are answered with it. Repeated until the deadline.
   */
  report(report: Report, options?: CallOptions): Promise<{ message: string }>;
  /** Asks for a model to move. Resolves with the answer, be it yes or no. Repeated only if it was surely not done. */
  offload(request: OffloadRequest, options?: CallOptions): Promise<OffloadAnswer>;
  /**
   * A snapshot, then every change in order, over as many connections as it takes. It ends only when the reader stops, and
   * throws a StateManagerClientError when its signal or the client ends it, or its request is refused.
   */
  watch(filter?: WatchFilter, options?: WatchOptions): AsyncGenerator<Watched, never>;
  /** Reads, explains and simulates. */
  readonly states: ServiceClient<typeof v1.StateService>;
  /** Applies, shows and deletes definitions. */
  readonly definitions: ServiceClient<typeof v1.DefinitionService>;
  /** Shows and steers what ActionController is asked for. */
  readonly reconciles: ServiceClient<typeof v1.ReconcileService>;
  /** Forgets nodes and deletes resources. */
  readonly maintenance: ServiceClient<typeof v1.MaintenanceService>;
  /** The unary methods of any other service that StateManager has, such as `grpc.health.v1`. */
  service<S extends DescService>(service: S): ServiceClient<S>;
  /** Ends what is open with `closed`, and resolves when no socket or timer is left. May be called again. */
  close(): Promise<void>;
}
