import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkSettings } from './check-settings.ts';
import { readCommand } from './config/config.ts';
import { helpText } from './config/help.ts';

const PLACES = ['README.md', 'docs/operations.md', 'docs/security.md', 'apps/state-manager/README.md'];

/** The command lines of the service that a text shows, as their arguments. */
function commandLinesOf(text: string): readonly (readonly string[])[] {
  const lines = text.replaceAll(/\\\n/g, ' ').split('\n');
  return lines
    .map((line) => /^\s*(?:node apps\/state-manager\/dist\/main\.js|state-manager)((?: +\S+)*)$/.exec(line.trim())?.[1])
    .filter((rest) => rest !== undefined && /^( +--(?!help\b)\S+|$)/.test(rest))
    .map((rest) => (rest as string).trim().split(/ +/).filter(Boolean));
}

describe('every command line that is shown somewhere would start:', () => {
  const shown = [
    ...PLACES.map((place) => [place, readFileSync(new URL(`../../../${place}`, import.meta.url), 'utf8')] as const),
    ['--help', helpText()] as const,
  ];
  it.each(shown)('%s', (_, text) => {
    const all = commandLinesOf(text);
    expect(all.length).toBeGreaterThan(0);
    for (const args of all) {
      const command = readCommand(args, {});
      expect(command, args.join(' ')).toMatchObject({ type: 'run' });
      if (command.type !== 'run') continue;
      const problems = checkSettings(command.config);
      // Their files are the reader's.
      expect(problems.filter((problem) => !problem.includes('cannot be read: ENOENT'))).toEqual([]);
    }
  });
});
