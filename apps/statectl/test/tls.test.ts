import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../src/failure.ts';
import { startStatectl, statectl } from './kit/statectl.ts';

const SERVICE = fileURLToPath(new URL('../../state-manager/dist/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'statectl-tls-'));
const file = (name: string): string => join(folder, name);
let service: ChildProcess;
let address: string;

/** A certificate that is its own authority. */
function makeCertificate(name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
  execFileSync('openssl', ['req', '-x509', ...newKey, ...subject, ...files], { stdio: 'pipe' });
}

beforeAll(async () => {
  makeCertificate('server');
  makeCertificate('other');
  writeFileSync(file('token'), 'night-shift\n');
  writeFileSync(file('tokens'), `${createHash('sha256').update('night-shift').digest('hex')} nina\n`);
  writeFileSync(file('policy.yaml'), 'roles:\n  viewer: [nina]\n');
  const flags = ['--listen', '127.0.0.1:0', '--store', 'memory:', '--policy', file('policy.yaml')];
  const tls = ['--tls-cert', file('server.pem'), '--tls-key', file('server.key'), '--tokens', file('tokens')];
  service = spawn(process.execPath, [SERVICE, ...flags, ...tls], { stdio: ['ignore', 'pipe', 'inherit'] });
  address = await new Promise((resolve) => {
    createInterface({ input: service.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const { msg, listening } = JSON.parse(line) as { msg: string; listening: string };
      if (msg === 'listening') resolve(listening);
    });
  });
});

afterAll(() => {
  service.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

describe('a server with TLS and names', () => {
  it('is asked with a token, in a read and in a watch', async () => {
    const named = ['--server', address, '--ca', file('server.pem'), '--token-file', file('token')];
    const { exitCode, stderr } = await statectl(['get', 'packages', ...named]);
    expect([exitCode, stderr]).toEqual([EXIT.ok, expect.not.stringContaining('error') as string]);
    const watch = startStatectl(['get', 'packages', '--watch', '-o', 'json', ...named]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(watch.output()).not.toContain('error');
    watch.child.kill('SIGINT');
    await watch.end();
  });

  it('says what the name may not', async () => {
    const named = ['--server', address, '--ca', file('server.pem'), '--token-file', file('token')];
    const { exitCode, stderr } = await statectl(['delete', 'node/n1', ...named]);
    expect(exitCode).toBe(EXIT.failed);
    expect(stderr).toContain('nina is viewer, and may not call');
  });

  it('is kept in a context, whose files are found from anywhere', async () => {
    const env = { STATECTL_CONFIG: file('config.yaml') };
    const made = ['config', 'set-context', 'car', '--server', address, '--ca', 'server.pem', '--token-file', 'token'];
    expect((await statectl(made, { env, cwd: folder })).exitCode).toBe(EXIT.ok);
    expect(readFileSync(file('config.yaml'), 'utf8')).toContain(`token-file: ${file('token')}`);
    expect((await statectl(['get', 'nodes'], { env, cwd: tmpdir() })).exitCode).toBe(EXIT.ok);
  });

  it.each<[string, readonly string[], number, RegExp]>([
    ['another authority', ['--ca', 'other.pem'], EXIT.unreachable, /not from an authority in --ca/],
    ['no name', ['--ca', 'server.pem'], EXIT.failed, /say who you are/],
    ['no such file', ['--ca', 'nothing.pem'], EXIT.usage, /cannot read nothing\.pem/],
    ['a certificate without its key', ['--cert', 'server.pem'], EXIT.usage, /--cert and --key go together/],
    ['a token in the clear', ['--token-file', 'token'], EXIT.usage, /over TLS only/],
    ['no TLS', [], EXIT.unreachable, /cannot reach StateManager/],
  ])('with %s it is an error', async (_, flags, code, said) => {
    const result = await statectl(['get', 'packages', '--server', address, ...flags], { cwd: folder });
    expect([result.exitCode, result.stderr]).toEqual([code, expect.stringMatching(said) as string]);
  });
});
