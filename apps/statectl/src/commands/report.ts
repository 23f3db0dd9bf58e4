import { statemanager, type monitoringserver } from '@statemanager/proto';
import { readDocuments } from '../documents.ts';
import { EXIT } from '../failure.ts';
import type { Shell } from '../shell.ts';
import { readReport } from '../report-file.ts';

/** `report`: sends what a node's containers do, one report a document. All are read before the first is sent. */
export async function report({ servers, out }: Shell, paths: readonly string[]): Promise<number> {
  const { parseDocument } = await import('yaml');
  const reports = (await readDocuments(paths)).map((document) => readReport(document, parseDocument));
  for (const list of reports) {
    await send(list);
    const { nodeName, containers } = list;
    out.line(`node/${nodeName} reported with ${containers.length} container${containers.length === 1 ? '' : 's'}`);
  }
  return EXIT.ok;

  async function send(list: monitoringserver.ContainerList): Promise<void> {
    await servers.call(statemanager.StateManagerConnection, (client, call) =>
      client.sendChangedContainerList(list, call),
    );
  }
}
