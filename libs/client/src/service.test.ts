import { health, v1 } from '@statemanager/proto';
import { expect, test } from 'vitest';
import { kindOf, serviceClient } from './service.ts';
import type { UnaryCall } from './service.ts';

test('what may be done twice: all that only reads, and what says how things should be', () => {
  const services = [v1.StateService, v1.DefinitionService, v1.ReconcileService, v1.MaintenanceService];
  const methods = services.flatMap((service) => [...service.methods]);
  const once = methods.filter((method) => kindOf(method) === 'once').map(({ name }) => name);
  expect(once).toEqual(['DeleteDefinition', 'ForgetNode', 'DeleteResource']);
});

test('a service has its unary methods and no others', () => {
  const call: UnaryCall = (method) => Promise.reject(new Error(method.name));
  expect(Object.keys(serviceClient(v1.StateService, call))).not.toContain('watchResources');
  expect(Object.keys(serviceClient(health.Health, call)).toSorted()).toEqual(['check', 'list']);
});
