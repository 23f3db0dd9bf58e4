import { lstatSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSettings } from '../cli/settings.ts';
import { configPath, readConfig, writeConfig } from './config-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'statectl-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
function envWith(text: string): { STATECTL_CONFIG: string } {
  count += 1;
  const path = join(folder, `${count}.yaml`);
  writeFileSync(path, text);
  return { STATECTL_CONFIG: path };
}

const TWO = 'current-context: lab\ncontexts:\n  lab: { server: "lab:1", timeout: 3s }\n  car: { server: "car:2" }\n';

test('the file is where the environment says', () => {
  expect(configPath({ STATECTL_CONFIG: '/x' })).toBe('/x');
  expect(configPath({ XDG_CONFIG_HOME: '/c', HOME: '/h' })).toBe('/c/statectl/config.yaml');
  expect(configPath({ HOME: '/h' })).toBe('/h/.config/statectl/config.yaml');
});

test('a server is taken from the nearest place that names one', async () => {
  const env = { ...envWith(TWO), STATECTL_SERVER: 'env:3' };
  const { STATECTL_CONFIG } = env;
  expect(await readSettings({ server: 'flag:4', context: 'car' }, env)).toMatchObject({ addresses: ['flag:4'] });
  expect(await readSettings({ context: 'car' }, env)).toMatchObject({ addresses: ['car:2'], timeoutMs: 15_000 });
  expect(await readSettings({}, env)).toMatchObject({ addresses: ['env:3'] });
  expect(await readSettings({}, { STATECTL_CONFIG })).toMatchObject({ addresses: ['lab:1'], timeoutMs: 3000 });
  expect(await readSettings({ timeout: '1s' }, { STATECTL_CONFIG })).toMatchObject({ timeoutMs: 1000 });
  expect(await readSettings({}, { STATECTL_CONFIG: '/nowhere' })).toMatchObject({ addresses: ['127.0.0.1:47006'] });
});

test('what is written is read again, and nothing else stays behind', async () => {
  const env = { STATECTL_CONFIG: join(folder, 'new', 'config.yaml') };
  const path = configPath(env);
  await writeConfig({ path, current: 'a', contexts: new Map([['a', { server: 'a:1', timeout: '2s' }]]) });
  const read = await readConfig(env);
  expect([read.current, [...read.contexts]]).toEqual(['a', [['a', { server: 'a:1', timeout: '2s' }]]]);
  expect(readdirSync(join(folder, 'new'))).toEqual(['config.yaml']);
});

test('a link stays one, and what is no file is left alone', async () => {
  const [target, link] = [join(folder, 'kept.yaml'), join(folder, 'link.yaml')];
  writeFileSync(target, '');
  symlinkSync(target, link);
  await writeConfig({ path: link, current: 'a', contexts: new Map([['a', { server: 'a:1' }]]) });
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect((await readConfig({ STATECTL_CONFIG: target })).current).toBe('a');
  const device = { path: '/dev/null', current: undefined, contexts: new Map() };
  await expect(writeConfig(device)).rejects.toThrow('cannot write /dev/null: it is no file');
});

test.each([
  ['a: [', /is no YAML/],
  ['- a', /the whole must be keys with values/],
  ['context: a', /there is no key context/],
  ['contexts: { a: { server: 3 } }', /contexts\.a\.server must be/],
  ['contexts: { a: { server: x, port: 1 } }', /there is no key contexts\.a\.port/],
])('%j is refused with the key', async (text, message) => {
  await expect(readConfig(envWith(text))).rejects.toThrow(message);
});

test('an unknown context is refused with the one that was meant', async () => {
  const config = await readConfig(envWith(TWO));
  expect(() => config.contextOf('lb')).toThrow('there is no context "lb"');
  await expect(readSettings({ context: 'nope' }, envWith(''))).rejects.toThrow('there is no context "nope"');
});
