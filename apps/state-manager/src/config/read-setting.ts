import { readFileSync } from 'node:fs';

/** What the file holds that a setting names. Throws an error that names both and nothing of what is in it. */
export function readSetting(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`--${setting} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
