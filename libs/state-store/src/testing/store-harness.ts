import type { KeyValueStore } from '../store.ts';
import type { TcpProxy } from './tcp-proxy.ts';

/** What the contract suite needs to know of a store. It closes every client that it got. */
export interface StoreHarness {
  /** Opens a client on a store without keys. What an earlier test stored is gone, or in another place. */
  open(): Promise<KeyValueStore>;

  /** Opens one more client on the data of `store`, if the store allows a second one. */
  second?(store: KeyValueStore): Promise<KeyValueStore>;

  /** Whether a client stays open while its store restarts, and goes on by itself. */
  readonly clientOutlivesRestart: boolean;

  /** Restarts the store of `store`, as hard as it can, and returns the client to go on with. */
  restart(store: KeyValueStore): Promise<KeyValueStore>;

  /**
   * For stores on a network: a client on a store without keys that goes through a proxy, and one that does not.
   * Without it, the suite has no cases of lost answers.
   */
  openBehindProxy?(): Promise<{ store: KeyValueStore; direct: KeyValueStore; proxy: TcpProxy }>;

  /** After the last test. */
  dispose?(): Promise<void>;
}

/** Opens through a harness, and remembers what it opened, so that the suite can close it after each test. */
export interface Clients {
  readonly harness: StoreHarness;
  open(): Promise<KeyValueStore>;
  /** A second client on the same data, or the same client where the store has only one. */
  second(store: KeyValueStore): Promise<KeyValueStore>;
  restart(store: KeyValueStore): Promise<KeyValueStore>;
  openBehindProxy(): Promise<{ store: KeyValueStore; direct: KeyValueStore; proxy: TcpProxy }>;
  closeAll(): Promise<void>;
}

/** Makes the {@link Clients} of one suite. */
export function clientsOf(harness: StoreHarness): Clients {
  const opened = new Set<{ close(): Promise<void> }>();
  const keep = <T extends { close(): Promise<void> }>(closeable: T): T => {
    opened.add(closeable);
    return closeable;
  };
  return {
    harness,
    open: async () => keep(await harness.open()),
    second: async (store) => keep((await harness.second?.(store)) ?? store),
    restart: async (store) => keep(await harness.restart(store)),
    openBehindProxy: async () => {
      if (harness.openBehindProxy === undefined) throw new Error('this harness has no proxy');
      const behind = await harness.openBehindProxy();
      keep(behind.store);
      keep(behind.direct);
      keep(behind.proxy);
      return behind;
    },
    closeAll: async () => {
      for (const closeable of opened) await closeable.close();
      opened.clear();
    },
  };
}
