import type { Definitions, PackageModel } from './definitions.ts';
import type { Fleet } from './node-agent-client.ts';

/** An order for stub-node-agent, without its time. */
export type RepairOrder = Readonly<Record<string, unknown>> & { readonly action: string; readonly model: string };

/**
 * What brings a package's models to run: a restart on each node where a model is not all running, and a model that is
 * nowhere in the fleet is added on the node that the package names.
 */
export function ordersToRun(definitions: Definitions, fleet: Fleet, packageName: string): RepairOrder[] {
  const models = definitions.packages.get(packageName) ?? [];
  return models.flatMap((model): RepairOrder[] => {
    const placed = placesOf(fleet, model);
    if (placed.length === 0) {
      const containers = definitions.models.get(model.name);
      return [{ action: 'add', model: model.name, node: model.node, ...(containers && { containers }) }];
    }
    return placed
      .filter(({ states }) => states.some((state) => state !== 'running'))
      .map(({ node }) => ({ action: 'restart', model: model.name, node }));
  });
}

/** What ends a package's models: a stop on each node where one still runs or is paused. */
export function ordersToStop(definitions: Definitions, fleet: Fleet, packageName: string): RepairOrder[] {
  const models = definitions.packages.get(packageName) ?? [];
  return models.flatMap((model) =>
    placesOf(fleet, model)
      .filter(({ states }) => states.some((state) => state === 'running' || state === 'paused'))
      .map(({ node }) => ({ action: 'stop', model: model.name, node })),
  );
}

function placesOf(fleet: Fleet, model: PackageModel) {
  return fleet.nodes.flatMap((node) =>
    node.models
      .filter(({ name }) => name === model.name)
      .map(({ containers }) => ({ node: node.name, states: containers.map(({ state }) => state) })),
  );
}
