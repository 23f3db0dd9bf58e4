import { Code, ConnectError } from '@connectrpc/connect';

/** How long stub-node-agent may take to answer. */
const ANSWER_WITHIN_MS = 5000;

/** What runs in the fleet, as far as repairs need it. */
export interface Fleet {
  readonly nodes: readonly {
    readonly name: string;
    readonly models: readonly { readonly name: string; readonly containers: readonly { readonly state: string }[] }[];
  }[];
}

/** An order that stub-node-agent did not take, with its reason. */
export type OrderRefused = string;

/** stub-node-agent at a URL. Its calls reject with UNAVAILABLE when it cannot be reached. */
export interface NodeAgentClient {
  /** What runs where, right now. */
  fleet(signal: AbortSignal): Promise<Fleet>;
  /** Gives an order; answers why it was refused, or undefined if it was taken. */
  order(order: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<OrderRefused | undefined>;
}

/** A client of the stub-node-agent at a URL. */
export function createNodeAgentClient(url: string): NodeAgentClient {
  const ask = async (path: string, signal: AbortSignal, init?: RequestInit): Promise<Response> => {
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
      return await fetch(new URL(path, url), { ...init, signal: within });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ConnectError(
        `stub-node-agent at ${url} does not answer`,
        Code.Unavailable,
        undefined,
        undefined,
        error,
      );
    }
  };
  return {
    fleet: async (signal) => (await (await ask('/fleet', signal)).json()) as Fleet,
    order: async (order, signal) => {
      const response = await ask('/orders', signal, { method: 'POST', body: JSON.stringify(order) });
      const body = await response.text();
      return response.ok ? undefined : ((JSON.parse(body) as { error?: string }).error ?? body);
    },
  };
}
