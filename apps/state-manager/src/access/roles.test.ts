import { expect, it } from 'vitest';
import { SERVICES } from '../grpc/services.ts';
import { permissionFor } from './roles.ts';

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
