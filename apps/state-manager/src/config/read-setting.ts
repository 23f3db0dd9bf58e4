import { accessSync, constants, readFileSync } from 'node:fs';

/** What the file holds that a setting names. Throws an error that names both and nothing of what is in it. */
export function readSetting(setting: string, path: string): Buffer {
  return naming(setting, () => readFileSync(path));
}

/** Throws an error that names setting and path if the file or folder cannot be read. */
export function assertReadable(setting: string, path: string): void {
  naming(setting, () => accessSync(path, constants.R_OK));
}

function naming<T>(setting: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`--${setting} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
