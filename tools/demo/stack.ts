import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { entryOf } from '../application.ts';
import { environment, workspaceRoot } from '../process.ts';

/** Where each part of the stack answers, on loopback. */
export interface Ports {
  readonly stateManager: number;
  readonly actionController: number;
  readonly control: number;
  readonly nodeAgent: number;
}

export interface StackOptions {
  readonly ports: Ports;
  readonly store: string;
  readonly pollMs: number;
}

/** One line of a process's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

const HOST = '127.0.0.1';
const READY_WITHIN_MS = 20_000;

/** The three processes of the local stack. */
export class Stack {
  readonly options: StackOptions;
  readonly #children = new Map<string, ChildProcess>();
  readonly #lineListeners = new Set<(source: string, line: LogLine) => void>();
  readonly #endListeners = new Set<(source: string, code: number | null) => void>();

  constructor(options: StackOptions) {
    this.options = options;
  }

  onLine(listener: (source: string, line: LogLine) => void): void {
    this.#lineListeners.add(listener);
  }

  onEnd(listener: (source: string, code: number | null) => void): void {
    this.#endListeners.add(listener);
  }

  /** Starts all three, StateManager before the fleet: a NodeAgent never says anything twice. */
  async start(signal: AbortSignal): Promise<void> {
    const { ports, store, pollMs } = this.options;
    const url = (port: number): string => `http://${HOST}:${port}`;
    await this.#start(signal, 'stub-action-controller', [
      ...['--listen', `${HOST}:${ports.actionController}`, '--control', `${HOST}:${ports.control}`],
      ...['--node-agent', url(ports.nodeAgent), '--definitions', `${workspaceRoot}/examples/definitions`],
    ]);
    await this.#start(signal, 'state-manager', [
      ...['--listen', `${HOST}:${ports.stateManager}`, '--action-controller', url(ports.actionController)],
      ...['--store', store, '--definitions', `${workspaceRoot}/examples/definitions`],
    ]);
    await this.#start(signal, 'stub-node-agent', [
      ...['--listen', `${HOST}:${ports.nodeAgent}`, '--state-manager', url(ports.stateManager)],
      ...['--fleet', `${workspaceRoot}/examples/fleet.yaml`, '--poll-ms', String(pollMs)],
    ]);
  }

  /** Gives the fleet an order, such as `{ action: 'crash', model: 'navigation' }`. */
  async order(order: Readonly<Record<string, unknown>>): Promise<void> {
    const response = await fetch(`http://${HOST}:${this.options.ports.nodeAgent}/orders`, {
      method: 'POST',
      body: JSON.stringify(order),
    });
    if (!response.ok) throw new Error(`the fleet refuses ${JSON.stringify(order)}: ${await response.text()}`);
  }

  /** Stops all three, the fleet first. */
  async stop(): Promise<void> {
    for (const child of [...this.#children.values()].reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  }

  async #start(signal: AbortSignal, name: string, args: readonly string[]): Promise<void> {
    const child = spawn('node', [entryOf(name), ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    this.#children.set(name, child);
    child.once('exit', (code) => this.#endListeners.forEach((listener) => listener(name, code)));
    const ready = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${name} did not start within ${READY_WITHIN_MS} ms`)),
        READY_WITHIN_MS,
      );
      const fail = (): void => {
        clearTimeout(timer);
        reject(new Error(`${name} did not start`));
      };
      signal.addEventListener('abort', fail, { once: true });
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = readLine(text);
        for (const listener of this.#lineListeners) listener(name, line);
        if (line.listening === undefined) return;
        clearTimeout(timer);
        signal.removeEventListener('abort', fail);
        resolve();
      });
    });
    await ready;
  }
}

function readLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { msg: text };
  }
}

/** Ports that nobody uses at the moment. */
export async function freePorts(): Promise<Ports> {
  const servers = Array.from({ length: 4 }, () => createServer().listen(0, HOST));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [a, b, c, d] = servers.map((server) => (server.address() as AddressInfo).port) as [
    number,
    number,
    number,
    number,
  ];
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return { stateManager: a, actionController: b, control: c, nodeAgent: d };
}
