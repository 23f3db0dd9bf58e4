import { v1 } from '@statemanager/proto';
import { EXIT } from '../failure.ts';
import type { Out } from '../output/out.ts';
import type { Shell } from '../shell.ts';
import { versionOf } from '../version.ts';

/** `version`, the part that needs no server. */
export function clientVersion(out: Out): Promise<number> {
  out.line(`statectl ${versionOf()} (statemanager.v1, Node ${process.version})`);
  return Promise.resolve(EXIT.ok);
}

/** `version`, the part that asks: whether a server answers, at which revision and how fast. */
export async function serverVersion({ out, servers }: Shell): Promise<number> {
  const startMs = performance.now();
  const { revision } = await servers.call(v1.StateService, (client, options) =>
    client.listResources({ pageSize: 1 }, options),
  );
  const tookMs = Math.max(1, Math.round(performance.now() - startMs));
  out.line(`StateManager at ${servers.address}: answers, statemanager.v1, revision ${revision}, ${tookMs}ms`);
  return EXIT.ok;
}
