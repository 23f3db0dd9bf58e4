import { writeSync } from 'node:fs';
import { openSqliteStore } from '../src/index.ts';

/** Commits numbers as fast as it can, and says each one on stdout once the store has acknowledged it. */
const store = await openSqliteStore(process.argv[2] ?? '');
for (let n = 0; ; n += 1) {
  const result = await store.commit({
    guards: [{ key: '/last', value: n === 0 ? null : `${n - 1}` }],
    operations: [
      { type: 'put', key: '/last', value: `${n}` },
      { type: 'put', key: `/number/${n}`, value: `${n}` },
    ],
  });
  if (result.outcome !== 'committed') throw new Error(`the commit of ${n} ended as ${result.outcome}`);
  writeSync(1, `${n}\n`);
}
