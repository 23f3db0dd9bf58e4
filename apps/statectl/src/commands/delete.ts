import { Code, ConnectError } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { EXIT } from '../failure.ts';
import { KINDS, readReferences, type Reference } from '../kind.ts';
import type { Servers } from '../server/servers.ts';
import type { Shell } from '../shell.ts';

/** `delete`: each in turn, and says of each what was deleted. Ends with the first that cannot be. */
export async function deleteNamed(
  { servers, out, source }: Shell,
  words: readonly string[],
  options: { readonly source?: string },
): Promise<number> {
  for (const reference of readReferences(words, KINDS)) {
    out.line(await deleteOne(servers, reference, options.source ?? source));
  }
  return EXIT.ok;
}

/** Deletes the definition if there is one, else the state that only a request made. Says which. */
async function deleteOne(servers: Servers, { kind, name }: Reference, source: string): Promise<string> {
  if (kind === 'node') {
    await servers.call(v1.MaintenanceService, (client, call) => client.forgetNode({ name, source }, call));
    return `node/${name} forgotten`;
  }
  try {
    await servers.call(v1.DefinitionService, (client, call) => client.deleteDefinition({ kind, name }, call));
    return `definition of ${kind}/${name} deleted`;
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== Code.NotFound) throw error;
  }
  await servers.call(v1.MaintenanceService, (client, call) => client.deleteResource({ kind, name, source }, call));
  return `state of ${kind}/${name} deleted; it had no definition`;
}
