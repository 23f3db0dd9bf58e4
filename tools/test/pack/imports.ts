/** `import … from 'x'`, `export … from 'x'` and `import 'x'`, as compilers and bundlers write them. */
const STILL = /(?:^|;)(?:import|export)\b(?:[^;'"=()]*?\bfrom)?\s*['"]([^'"]+)['"]/gm;
const LATE = /\bimport\(['"]([^'"]+)['"]\)/g;

/** The packages that a compiled module or its declarations import; Node's own and files are none. */
export function packagesImportedBy(code: string): readonly string[] {
  return [...code.matchAll(STILL), ...code.matchAll(LATE)]
    .map(([, specifier = '']) => specifier)
    .filter((specifier) => !/^(\.|node:)/.test(specifier))
    .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
}
