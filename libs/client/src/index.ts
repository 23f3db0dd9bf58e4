export { createStateManagerClient } from './client.ts';
export { StateManagerClientError } from './error.ts';
export type { StateManagerClientErrorCode, StateManagerClientErrorDetails } from './error.ts';
export type { CallOptions, RetryOptions, StateManagerClientOptions, WatchOptions } from './options.ts';
export type {
  ChangeableKind,
  ChangeAnswer,
  ChangeErrorCode,
  ChangeRequest,
  OffloadAnswer,
  OffloadRequest,
  Report,
  ReportedContainer,
  StateManagerClient,
  WatchFilter,
} from './state-manager-client.ts';
export type { ServiceClient } from './service.ts';
export type { Watched } from './watched.ts';
export type { GrpcCodeName, TlsOptions } from '@statemanager/grpc-call';
