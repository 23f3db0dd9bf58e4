import { afterEach, vi } from 'vitest';
import type { FleetView } from '../src/fleet.ts';
import { parseFleet } from '../src/fleet-file.ts';
import { startStubNodeAgent } from '../src/stub-node-agent.ts';
import { startStateManagerDouble } from './state-manager-double.ts';

const FLEET = `
nodes:
  - name: node-1
    models:
      - name: brake
        containers: [{ name: brake-main, image: 'localhost/brake:2' }, { name: brake-watch }]
      - name: radio
  - name: node-2
    models:
      - name: radio
`;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A StateManager double and a small fleet that reports to it; both end with the test. */
export async function startStand(options: { fleet?: string; repeatFailed?: boolean; pollMs?: number } = {}) {
  const stateManager = await startStateManagerDouble();
  closers.push(() => stateManager.close());
  const { nodes, problems } = parseFleet(options.fleet ?? FLEET);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const agent = await startStubNodeAgent(
    nodes,
    {
      listen: '127.0.0.1:0',
      stateManager: stateManager.url,
      pollMs: options.pollMs ?? 5,
      repeatFailed: options.repeatFailed ?? false,
    },
    () => undefined,
  );
  closers.push(() => agent.close());
  const url = `http://${agent.listening}`;
  const order = async (body: unknown) => {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const fleet = async () => (await (await fetch(`${url}/fleet`)).json()) as FleetView;
  return { stateManager, url, order, fleet };
}

/** The fleet as one line a container: where it is and what it does. */
export function linesOf({ nodes }: FleetView): string[] {
  return nodes.flatMap(({ name: node, models }) =>
    models.flatMap((model) => model.containers.map(({ name, state }) => `${node}/${model.name}/${name} ${state}`)),
  );
}

/** Waits until the check passes, as long as a slow machine may need. */
export function eventually(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 15_000, interval: 10 });
}
