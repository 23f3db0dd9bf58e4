import { create, toBinary } from '@bufbuild/protobuf';
import { monitoringserver } from '@statemanager/proto';
import { definitionKey, type KeyValueStore, type Operation } from '@statemanager/state-store';
import { setTimeout as sleep } from 'node:timers/promises';
import { grpcMessage } from '../load/h2-frames.ts';
import { Replay } from '../load/replay.ts';
import { MODELS_PER_PACKAGE, packageDocument } from './definitions.ts';
import type { ServerProcess } from './service.ts';

/** A fleet of nodes with 20 models each, every model in 5 containers, 4 models in a package. */
export interface FleetSize {
  readonly containersCount: number;
  readonly nodesCount: number;
  readonly modelsCount: number;
  readonly packagesCount: number;
}

const CONTAINERS_PER_NODE = 100;
const MODELS_PER_NODE = 20;

export function fleetOf(containersCount: number): FleetSize {
  const nodesCount = containersCount / CONTAINERS_PER_NODE;
  const modelsCount = nodesCount * MODELS_PER_NODE;
  return { containersCount, nodesCount, modelsCount, packagesCount: modelsCount / MODELS_PER_PACKAGE };
}

const DEFINITIONS_AT_ONCE_COUNT = 1000;

/** Puts the definitions of all packages where ApiServer would have put them. */
export async function putDefinitions(store: KeyValueStore, { packagesCount }: FleetSize): Promise<void> {
  for (let from = 0; from < packagesCount; from += DEFINITIONS_AT_ONCE_COUNT) {
    const count = Math.min(DEFINITIONS_AT_ONCE_COUNT, packagesCount - from);
    const operations = Array.from({ length: count }, (_, i): Operation => {
      const name = packageName(from + i);
      return { type: 'put', key: definitionKey('Package', name), value: packageDocument(name, modelsOf(from + i)) };
    });
    const { outcome } = await store.commit({ guards: [], operations });
    if (outcome !== 'committed') throw new Error(`definitions: the commit ended as ${outcome}`);
  }
}

function packageName(index: number): string {
  return `package-${index}`;
}

function modelsOf(index: number): readonly string[] {
  return Array.from({ length: MODELS_PER_PACKAGE }, (_, i) => modelName(index * MODELS_PER_PACKAGE + i));
}

function modelName(index: number): string {
  return `model-${index}`;
}

/** What a node of the fleet says: no more than the rules read, so that a large fleet is told quickly. */
export function fleetReport(node: number, statusOf: (model: number) => string = () => 'running'): Buffer {
  const containers = Array.from({ length: CONTAINERS_PER_NODE }, (_, i) => {
    const model = node * MODELS_PER_NODE + (i % MODELS_PER_NODE);
    return {
      names: [`/app-${Math.floor(i / MODELS_PER_NODE)}`],
      state: { Status: statusOf(i % MODELS_PER_NODE) },
      annotation: { 'io.pullpiri.annotations.model': modelName(model) },
    };
  });
  const schema = monitoringserver.ContainerListSchema;
  return grpcMessage(toBinary(schema, create(schema, { nodeName: `node-${node}`, containers })));
}

const NODES_AT_ONCE_COUNT = 500;

/** Has every node of the fleet say once what it does. */
export async function tellFleet(
  service: ServerProcess,
  { nodesCount }: FleetSize,
  say: (what: string) => void,
): Promise<void> {
  for (let from = 0; from < nodesCount; from += NODES_AT_ONCE_COUNT) {
    const count = Math.min(NODES_AT_ONCE_COUNT, nodesCount - from);
    const messages = Array.from({ length: count }, (_, i) => fleetReport(from + i));
    const replay = new Replay({
      port: service.port,
      messages,
      connectionsCount: 2,
      inFlightCount: 40,
      once: true,
    });
    await replay.start();
    while (replay.counts.answered + replay.counts.failed < count) await sleep(5);
    await replay.drain();
    if (replay.counts.failed > 0) throw new Error(`${replay.counts.failed} reports failed`);
    if ((from / NODES_AT_ONCE_COUNT) % 4 === 3) say(`${from + count} of ${nodesCount} nodes have reported`);
  }
}
