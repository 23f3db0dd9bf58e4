import type { DescService } from '@bufbuild/protobuf';
import { health, reflectionV1, reflectionV1Alpha, statemanager, v1 } from '@statemanager/proto';

/** Everything that the port answers. */
export const SERVICES: readonly DescService[] = [
  statemanager.StateManagerConnection,
  v1.StateService,
  v1.DefinitionService,
  v1.ReconcileService,
  v1.MaintenanceService,
  v1.ReplicaService,
  health.Health,
  reflectionV1.ServerReflection,
  reflectionV1Alpha.ServerReflection,
];
