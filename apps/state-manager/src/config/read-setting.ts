import { accessSync, constants, readFileSync } from 'node:fs';
import { saying } from './problems.ts';

/** What the file holds that a setting names. Throws an error that names both and nothing of what is in it. */
export function readSetting(setting: string, path: string): Buffer {
  return saying(`--${setting} cannot be read`, () => readFileSync(path));
}

/** Throws an error that names setting and path if the file or folder cannot be read. */
export function assertReadable(setting: string, path: string): void {
  saying(`--${setting} cannot be read`, () => accessSync(path, constants.R_OK));
}
