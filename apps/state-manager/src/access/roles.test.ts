import { health, reflectionV1, reflectionV1Alpha, statemanager, v1 } from '@statemanager/proto';
import { expect, it } from 'vitest';
import { permissionFor } from './roles.ts';

const SERVICES = [
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

it('every method needs something, and what is not known is nobody’s', () => {
  for (const service of SERVICES) {
    for (const { name } of service.methods) {
      expect(permissionFor(`/${service.typeName}/${name}`), `${service.typeName}/${name}`).toBeDefined();
    }
  }
  for (const path of ['', '/', '/nothing/At', '/statemanager.v1.StateService', '/statemanager.v1.Other/Get']) {
    expect(permissionFor(path), path).toBeUndefined();
  }
});
