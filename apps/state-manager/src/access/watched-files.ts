import { readSetting } from '../config/read-setting.ts';
import type { Logger } from '../log.ts';

/** How often files are looked at. */
const LOOK_EVERY_MS = 5000;

const NOT_READ = 'files could not be read again; what was known before stands';

/** A setting that names a file. */
export interface WatchedFile {
  /** As it is written on the command line, without the dashes. */
  readonly setting: string;
  readonly path: string;
}

/** What is in a file now. Throws an error that names its setting. */
export function readFile({ setting, path }: WatchedFile): Buffer {
  return readSetting(setting, path);
}

/** Reads files that belong together, and again whenever one of them says something else. */
export class WatchedFiles {
  readonly #files: readonly WatchedFile[];
  readonly #take: (contents: readonly Buffer[]) => void;
  readonly #log: Logger;
  #known: readonly Buffer[];
  /** What was said last, so that it is said once. */
  #problem = '';
  #timer: NodeJS.Timeout | undefined;

  /** Reads them once, and throws what `take` throws. Later a file that cannot be read or taken leaves what was there. */
  constructor(files: readonly WatchedFile[], take: (contents: readonly Buffer[]) => void, log: Logger) {
    this.#files = files;
    this.#take = take;
    this.#log = log;
    this.#known = files.map(readFile);
    take(this.#known);
  }

  /** Begins to look. Contents are compared, not times: a mounted secret changes without its file's time doing so. */
  start(everyMs = LOOK_EVERY_MS): void {
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const settings = this.#files.map(({ setting }) => `--${setting}`).join(', ');
    try {
      const contents = this.#files.map(readFile);
      if (contents.every((content, i) => content.equals(this.#known[i] as Buffer))) return;
      this.#take(contents);
      this.#known = contents;
      this.#problem = '';
      this.#log.info({ settings }, 'files were read again');
    } catch (error) {
      // A certificate and its key are seldom written at the same instant: until both fit, this is said once.
      const problem = (error as Error).message;
      if (problem !== this.#problem) this.#log.error({ settings, problem }, NOT_READ);
      this.#problem = problem;
    }
  }
}
