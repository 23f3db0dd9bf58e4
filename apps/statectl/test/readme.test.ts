import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf, comparable, filesOf, runBlock } from './kit/readme.ts';
import { EXAMPLES, startStateManager, type StateManager } from './kit/state-manager.ts';
import { statectl } from './kit/statectl.ts';

const README = `${import.meta.dirname}/../README.md`;
const readme = readFileSync(README, 'utf8');

let service: StateManager;
const folder = mkdtempSync(join(tmpdir(), 'statectl-readme-'));
beforeAll(async () => {
  service = await startStateManager();
  symlinkSync(EXAMPLES, join(folder, 'examples'));
  for (const [name, text] of filesOf(readme)) writeFileSync(join(folder, name), text);
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

/** With `UPDATE_README=1` the outputs are written instead of compared. */
test(
  'every command of the README prints what it says there, against the real service',
  { timeout: 120_000 },
  async () => {
    const env = { STATECTL_SERVER: service.address, STATECTL_CONFIG: join(folder, 'config.yaml') };
    let updated = readme;
    for (const { whole, shown } of blocksOf(readme)) {
      const ran = await runBlock(shown, { cwd: folder, env });
      if (process.env['UPDATE_README'] !== undefined) {
        const body = ran.map(({ command, output }) => `$ ${command}\n${output.replace(/\n*$/, '\n\n')}`).join('');
        const text = body.replaceAll(service.address, '127.0.0.1:47006').replace(/\n*$/, '\n');
        updated = updated.replace(whole, () => `\`\`\`console\n${text}\`\`\``);
        continue;
      }
      for (const [i, { command, output }] of ran.entries()) {
        expect(comparable(output), command).toBe(comparable(shown[i]?.output ?? ''));
      }
    }
    if (updated !== readme) writeFileSync(README, updated);
  },
);

test('the README shows every command', async () => {
  const { stdout } = await statectl(['--help']);
  const [, list = ''] = /Commands:\n(.*?)\n\n/s.exec(stdout) ?? [];
  const commands = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
  expect(commands.length).toBeGreaterThan(18);
  for (const name of commands) expect(readme, name).toContain(`$ statectl ${name} `.replace(/ $/, ''));
});

test('the README and --help say the same exit codes', async () => {
  const { stdout } = await statectl(['--help']);
  const [, list = ''] = /Exit codes:\n(.*?)\n\n/s.exec(stdout) ?? [];
  const inHelp = [...list.matchAll(/^ +(\d+) {2}|\((\d+):/gm)].map(([, code, other]) => code ?? other);
  const inReadme = [...readme.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => code);
  expect(inHelp).toEqual(['0', '1', '2', '3', '4', '5', '130']);
  expect(inReadme).toEqual(inHelp);
});
