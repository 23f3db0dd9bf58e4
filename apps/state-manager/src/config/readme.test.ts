import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { SETTINGS, type Setting } from './schema.ts';

const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');

it('the configuration table of the README is what the code has', () => {
  const section = /<!-- configuration:.*?-->(.*?)<!-- end of configuration -->/s.exec(readme)?.[1] ?? '';
  const rows = section
    .trim()
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
  const expected = Object.entries(SETTINGS as Record<string, Setting<unknown>>).map(([name, setting]) => [
    `\`--${name} ${setting.value}\``,
    setting.default === undefined ? '' : `\`${setting.default}\``,
    setting.help.replace(/ \(default: .*\)$/, ''),
  ]);
  expect(rows).toEqual(expected);
});
