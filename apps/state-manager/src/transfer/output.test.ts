import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileOutput, streamOutput } from './output.ts';

describe('fileOutput', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'output-'));
    path = join(folder, 'export');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('leaves what was there until all is written, and then takes its place', async () => {
    writeFileSync(path, 'before');
    const output = await fileOutput(path);
    const text = 'é'.repeat(300_000);
    await output.write(text);
    await output.write('end');
    expect(readFileSync(path, 'utf8')).toBe('before');
    await output.finish();
    expect(readFileSync(path, 'utf8')).toBe(`${text}end`);
    expect(readdirSync(folder)).toEqual(['export']);
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('writes to what is no file, and leaves a link a link', async () => {
    if (process.platform === 'win32') return;
    const device = await fileOutput('/dev/null');
    await device.write('x'.repeat(300_000));
    await device.finish();
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    const full = await fileOutput('/dev/full');
    await expect(full.write('x'.repeat(300_000)).then(() => full.finish())).rejects.toThrow('ENOSPC');
    await full.discard();
    writeFileSync(path, 'before');
    symlinkSync(path, join(folder, 'link'));
    const linked = await fileOutput(join(folder, 'link'));
    await linked.write('after');
    await linked.finish();
    expect(readFileSync(path, 'utf8')).toBe('after');
    expect(readdirSync(folder).sort()).toEqual(['export', 'link']);
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    await expect(fileOutput(folder)).rejects.toThrow('a folder');
  });

  it('leaves nothing when it is discarded', async () => {
    const output = await fileOutput(path);
    await output.write('x'.repeat(300_000));
    await output.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves nothing beside a name that cannot be taken', async () => {
    const output = await fileOutput(path);
    await output.write('x');
    mkdirSync(path);
    await expect(output.finish()).rejects.toThrow();
    await output.discard();
    expect(readdirSync(folder)).toEqual(['export']);
  });

  it('says at once that there is no such folder', async () => {
    await expect(fileOutput(join(folder, 'nowhere', 'export'))).rejects.toThrow('ENOENT');
  });
});

describe('streamOutput', () => {
  it('waits for a slow reader, and gives it everything', async () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    const output = streamOutput(stream, 'a pipe');
    let read = '';
    let written = false;
    const writing = output.write('x'.repeat(300_000)).then(() => (written = true));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(written).toBe(false);
    stream.on('data', (chunk: Buffer) => (read += chunk.toString()));
    await writing;
    await output.write('end');
    await output.finish();
    expect(read).toHaveLength(300_003);
  });

  it('says that nobody reads any more', async () => {
    const stream = new PassThrough();
    const output = streamOutput(stream, 'a pipe');
    stream.destroy(new Error('broken pipe'));
    await output.write('x');
    await expect(output.finish()).rejects.toThrow();
  });
});
