import { create, toBinary } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { describe, expect, it } from 'vitest';
import { sizeOf } from './answer-size.ts';

const LONG = 'n'.repeat(253);
const many = <T>(item: T): T[] => Array.from({ length: 500 }, () => item);
const counts = { Running: 1, Paused: 499 };

const DETAILS: readonly v1.Resource['detail'][] = [
  { case: 'scenario', value: create(v1.ScenarioDetailSchema, { target: LONG, action: 'launch' }) },
  {
    case: 'package',
    value: create(v1.PackageDetailSchema, { models: many({ name: 'model', state: 'Running' }), counts }),
  },
  {
    case: 'model',
    value: create(v1.ModelDetailSchema, {
      nodes: [{ node: LONG, containers: many({ name: 'container', state: 'Running', rule: 'container.running' }) }],
      counts,
      packages: many('package'),
    }),
  },
  { case: 'node', value: create(v1.NodeDetailSchema, { models: many(LONG), counts }) },
];

describe('how large a resource is', () => {
  it.each(DETAILS.map((detail) => [String(detail.case), detail] as const))(
    'is known without encoding it, and not too small: %s',
    (kind, detail) => {
      const resource = create(v1.ResourceSchema, { kind, name: 'r', state: 'Running', cause: 'a test', detail });
      const encoded = toBinary(v1.ResourceSchema, resource).length;
      expect(sizeOf(resource)).toBeGreaterThanOrEqual(encoded * 0.95);
      expect(sizeOf(resource)).toBeLessThan(20 * encoded);
    },
  );
});
