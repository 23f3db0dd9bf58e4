export * from './gen/statemanager/v1/definition_service_pb.ts';
export * from './gen/statemanager/v1/maintenance_service_pb.ts';
export * from './gen/statemanager/v1/reconcile_service_pb.ts';
export * from './gen/statemanager/v1/replica_service_pb.ts';
export * from './gen/statemanager/v1/resource_pb.ts';
export * from './gen/statemanager/v1/state_service_pb.ts';
