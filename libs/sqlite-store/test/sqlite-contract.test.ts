import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../src/index.ts';
import { describeStoreContract } from '@statemanager/state-store/testing';

const directory = mkdtempSync(join(tmpdir(), 'sqlite-contract-'));
let files = 0;
const file = () => join(directory, `${files}.db`);

describeStoreContract('SQLite', {
  open: () => {
    files += 1;
    return openSqliteStore(file());
  },
  clientOutlivesRestart: false,
  restart: async (store) => {
    await store.close();
    return openSqliteStore(file());
  },
  dispose: () => Promise.resolve(rmSync(directory, { recursive: true })),
});
