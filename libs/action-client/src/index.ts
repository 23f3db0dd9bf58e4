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
export type { ActionClientErrorCode, ActionClientErrorDetails } from './error.ts';
export type {
  ActionClientOptions,
  BreakerOptions,
  CallOptions,
  ReachOptions,
  RetryOptions,
  WaitOptions,
} from './options.ts';
export type { GrpcCodeName } from '@statemanager/grpc-call';
export type { TlsOptions } from '@statemanager/grpc-call';
