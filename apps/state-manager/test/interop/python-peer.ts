import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { writePullpiriProtos } from './pullpiri-protos.ts';

const SCRIPT = fileURLToPath(new URL('./python_peer.py', import.meta.url));

/** A call that came in at the Python ActionController. Enums are numbers, as they are on the wire. */
export interface PythonReceived {
  readonly received: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
}

export type PythonOutcome =
  | { readonly answer: Readonly<Record<string, unknown>> }
  | { readonly error: { readonly code: string; readonly details: string } };

/** A process of Python's grpcio, a client and an ActionController in one. */
export interface PythonPeer {
  readonly controllerUrl: string;
  readonly received: readonly PythonReceived[];
  call(address: string, method: string, request: object, options?: { readonly gzip?: boolean }): Promise<PythonOutcome>;
  stop(): Promise<void>;
}

/** Throws one sentence that says what to install if Python or its gRPC packages are not there. */
export async function startPythonPeer(): Promise<PythonPeer> {
  const python = findPython();
  const folder = mkdtempSync(join(tmpdir(), 'python-peer-'));
  generateStubs(python, folder);
  const child = spawn(python, [SCRIPT, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const received: PythonReceived[] = [];
  const waiting = new Map<number, (outcome: PythonOutcome) => void>();
  const serving = new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the Python peer ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as { serving?: number; received?: string; id?: number };
      if (said.serving !== undefined) resolve(said.serving);
      if (said.received !== undefined) received.push(said as PythonReceived);
      if (said.id !== undefined) waiting.get(said.id)?.(said as unknown as PythonOutcome);
    });
  });
  let ids = 0;
  return {
    controllerUrl: `http://127.0.0.1:${await serving}`,
    received,
    call: (address, method, request, options = {}) =>
      new Promise((resolve) => {
        const id = (ids += 1);
        waiting.set(id, resolve);
        child.stdin.write(`${JSON.stringify({ id, address, method, request, ...options })}\n`);
      }),
    async stop() {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Debian’s Python if it has gRPC, or another one. Throws one sentence that says what to install. */
export function findPython(): string {
  // Debian's packages belong to Debian's Python; another one may stand before it on PATH.
  for (const python of ['/usr/bin/python3', 'python3']) {
    try {
      execFileSync(python, ['-c', 'import grpc, grpc_tools.protoc'], { stdio: 'ignore' });
      return python;
    } catch {
      continue;
    }
  }
  throw new Error(
    'these tests need Python with grpcio and grpcio-tools: install them (Debian: apt-get install python3-grpcio python3-grpc-tools)',
  );
}

function generateStubs(python: string, folder: string): void {
  const files = writePullpiriProtos(folder);
  const outputs = [`--python_out=${folder}`, `--grpc_python_out=${folder}`];
  execFileSync(python, ['-m', 'grpc_tools.protoc', `-I${folder}`, ...outputs, ...files], { stdio: 'pipe' });
}
