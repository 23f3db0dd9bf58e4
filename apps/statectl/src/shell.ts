import type { Out } from './output/out.ts';
import type { Servers } from './server/servers.ts';

/** What every command works with. */
export interface Shell {
  readonly out: Out;
  readonly servers: Servers;
  /** Who the server is told asks, unless the command says. */
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A signal that Ctrl-C, or the end of a service manager's patience, aborts. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
