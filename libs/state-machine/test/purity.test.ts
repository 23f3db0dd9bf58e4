import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const source = new URL('../src/', import.meta.url);
const files = readdirSync(source).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
const read = (path: string): string => readFileSync(new URL(path, source), 'utf8');

test('the sources import nothing but each other', () => {
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const specifiers = [...read(file).matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"]([^'"]+)['"]/g)];
    for (const [, specifier = ''] of specifiers) {
      expect(specifier, file).toMatch(/^\.\/[a-z-]+\.ts$/);
      expect(files, file).toContain(specifier.slice(2));
    }
  }
});

test('the package depends on nothing', () => {
  const manifest = JSON.parse(read('../package.json')) as Record<string, unknown>;
  for (const key of ['dependencies', 'peerDependencies', 'optionalDependencies']) {
    expect(manifest).not.toHaveProperty(key);
  }
});

test('the sources look at no clock, no randomness and no environment', () => {
  const impure =
    /\b(Date|performance|Math\.random|process|globalThis|setTimeout|setInterval|console|crypto|fetch)\b(?=[.(])/;
  for (const file of files) expect(impure.exec(read(file))?.[0], file).toBeUndefined();
});

test('the sources are compiled without the types of Node or the DOM', () => {
  const own = JSON.parse(read('../tsconfig.lib.json')) as { compilerOptions: Record<string, unknown> };
  const base = JSON.parse(read('../../../tsconfig.base.json')) as { compilerOptions: Record<string, unknown> };
  expect({ ...base.compilerOptions, ...own.compilerOptions }).toMatchObject({ types: [], lib: ['es2023'] });
});
