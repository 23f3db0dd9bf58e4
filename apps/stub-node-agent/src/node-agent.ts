import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { statemanager } from '@statemanager/proto';
import type { FleetNode } from './fleet.ts';
import type { Log } from './log.ts';
import { inspectNode } from './podman.ts';
import type { InspectedContainer } from './podman.ts';

/** How a simulated NodeAgent is run. */
export interface NodeAgentOptions {
  readonly stateManager: string;
  readonly pollMs: number;
  readonly repeatFailed: boolean;
}

/**
 * Runs one node's NodeAgent until the signal aborts: looks at the node's containers every `pollMs`, and reports all of
 * them when anything but their statistics differs from the last look (the first look is always reported). Like the real
 * one it sends without a deadline, looks at nothing while it waits, and forgets a report that failed.
 */
export async function runNodeAgent(
  node: FleetNode,
  options: NodeAgentOptions,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  // A connection of its own, so that nodes fail and recover one by one as real ones do.
  const sessionManager = new Http2SessionManager(options.stateManager);
  const transport = createGrpcTransport({ baseUrl: options.stateManager, sessionManager });
  const client = createClient(statemanager.StateManagerConnection, transport);
  const send = async (containers: InspectedContainer[]) =>
    (await client.sendChangedContainerList({ nodeName: node.name, containers }, { signal })).resp;
  let last: string | undefined;
  for (let poll = 1; !signal.aborted; poll++) {
    const containers = look(node, poll);
    const seen = withoutStats(containers);
    if (seen !== last) {
      const arrived = await report(node, containers, send, log, signal);
      last = arrived || !options.repeatFailed ? seen : undefined;
    }
    await pause(options.pollMs, signal);
  }
  sessionManager.abort();
}

function look(node: FleetNode, poll: number): InspectedContainer[] {
  if (!node.hiccup) return inspectNode(node, poll);
  node.hiccup = false;
  return [];
}

async function report(
  node: FleetNode,
  containers: InspectedContainer[],
  send: (containers: InspectedContainer[]) => Promise<string>,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  node.reports.waiting = true;
  try {
    const resp = await send(containers);
    node.reports.sent++;
    log('info', 'reported', { node: node.name, containers: containers.length, resp });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    const { code, rawMessage } = ConnectError.from(error);
    node.reports.failed++;
    log('warn', 'report failed', {
      node: node.name,
      containers: containers.length,
      code: Code[code],
      error: rawMessage,
    });
    return false;
  } finally {
    node.reports.waiting = false;
  }
}

function withoutStats(containers: InspectedContainer[]): string {
  return JSON.stringify(containers.map((container) => ({ ...container, stats: undefined })));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // An aborted sleep rejects; the loop's condition is what ends it.
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
