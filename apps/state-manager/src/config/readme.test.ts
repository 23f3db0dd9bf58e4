import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rowsOf } from '../../test/kit/markdown.ts';
import { SETTINGS, type Setting } from './schema.ts';

const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');

it('the configuration table of the README is what the code has', () => {
  const expected = Object.entries(SETTINGS as Record<string, Setting<unknown>>).map(([name, setting]) => [
    `\`--${name} ${setting.value}\``,
    setting.default === undefined ? '' : `\`${setting.default}\``,
    setting.help.replace(/ \(default: .*\)$/, ''),
  ]);
  expect(rowsOf(readme, 'configuration')).toEqual(expected);
});
