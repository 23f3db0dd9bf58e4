import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { EmbeddedStore } from '@statemanager/state-store';
import { openDatabase } from './database.ts';
import { toPortable } from './portable-error.ts';
import { ServedStore } from './served-store.ts';
import { SqliteLedger } from './sqlite-ledger.ts';
import { OPENING } from './thread-calls.ts';
import type { Message, Request, ThreadData } from './thread-calls.ts';

// The thread that has the file: it opens it, and answers what it is asked until it is asked to close it.
const port = parentPort as MessagePort;
const data = workerData as ThreadData;

await answer(OPENING, async () => {
  const ledger = new SqliteLedger(await openDatabase(data.file), data.file);
  const served = new ServedStore(new EmbeddedStore(data.name, ledger), ledger, port, data);
  port.on('message', ({ id, call, args }: Request) => {
    const answered = answer(id, () => served.serve(call, args));
    // Nobody asks after that, and without a port to listen on the thread ends.
    if (call === 'close') void answered.then(() => port.close());
  });
});

async function answer(id: number, work: () => unknown): Promise<void> {
  let message: Message;
  try {
    message = { type: 'answer', id, result: await work() };
  } catch (error) {
    message = { type: 'failure', id, error: toPortable(error) };
  }
  port.postMessage(message);
}
