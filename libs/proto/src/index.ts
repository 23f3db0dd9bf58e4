/** The Pullpiri wire, as protobuf-es generates it from `proto/`. */
export * as actioncontroller from './gen/actioncontroller_pb.ts';
export * as monitoringserver from './gen/monitoringserver_pb.ts';
export * as statemanager from './gen/statemanager_pb.ts';

/** gRPC's own services: health checking, and server reflection in both versions that clients ask for. */
export * as health from './gen/health_pb.ts';
export * as reflectionV1 from './gen/grpc/reflection/v1/reflection_pb.ts';
export * as reflectionV1Alpha from './gen/grpc/reflection/v1alpha/reflection_pb.ts';

/** StateManager's own API: reads, watches, explanations, definitions, reconciles. */
export * as v1 from './v1.ts';
