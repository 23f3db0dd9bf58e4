export type {
  ActionClient,
  CompleteNetworkSettingAnswer,
  CompleteNetworkSettingRequest,
  NetworkStatusName,
  OffloadModelAnswer,
  OffloadModelRequest,
  PodStatusName,
  ReconcileRequest,
  TriggerActionRequest,
} from './action-client.ts';
export { createActionClient } from './client.ts';
export { ActionClientError } from './error.ts';
export type { ActionClientErrorCode, ActionClientErrorDetails, GrpcCodeName } from './error.ts';
export type {
  ActionClientOptions,
  BreakerOptions,
  CallOptions,
  ReachOptions,
  RetryOptions,
  TlsOptions,
  WaitOptions,
} from './options.ts';
