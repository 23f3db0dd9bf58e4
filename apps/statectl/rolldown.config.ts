import { defineConfig } from 'rolldown';
import { thirdPartyLicenses } from './third-party-licenses.ts';

/**
 * One file with everything in it, and a chunk for each part that most calls do not need. Workspace packages are bundled
 * from their sources.
 */
export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  resolve: { conditionNames: ['@statemanager/source', 'import', 'node', 'default'] },
  plugins: [thirdPartyLicenses()],
  output: {
    dir: 'dist',
    format: 'esm',
    cleanDir: true,
    minify: true,
    entryFileNames: 'main.js',
    chunkFileNames: '[name].js',
  },
});
