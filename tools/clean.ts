import { rmSync } from 'node:fs';

/**
 * Removes the given folders, before a build writes them anew: `tsc` leaves what it once wrote for a source that is
 * gone, and Nx would keep that in its cache and a package would carry it.
 *
 *     node ../../tools/clean.ts dist
 */
for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true });
