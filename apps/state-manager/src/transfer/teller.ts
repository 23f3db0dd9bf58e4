import { numberOf } from './file-format.ts';

/** Tells whoever runs a command how it goes. */
export interface Teller {
  /** A sentence that always matters. */
  say(sentence: string): void;
  /** How far long work is. Said only now and then. */
  progress(done: number, total: number, what: string): void;
  /** Says now and then that something goes on that has no numbers. */
  during<T>(what: string, work: Promise<T>): Promise<T>;
}

/** So often long work is heard of. */
const PROGRESS_MS = 5000;

/** Lines as the program's errors have them. */
export function createTeller(write: (line: string) => void): Teller {
  let saidAt = performance.now();
  const say = (sentence: string): void => {
    saidAt = performance.now();
    write(`state-manager: ${sentence}\n`);
  };
  return {
    say,
    progress: (done, total, what) => {
      if (performance.now() - saidAt >= PROGRESS_MS) say(`${numberOf(done)} of ${numberOf(total)} ${what}`);
    },
    during: async (what, work) => {
      const began = performance.now();
      const timer = setInterval(() => {
        say(`${what} (${Math.round((performance.now() - began) / 1000)} s)`);
      }, PROGRESS_MS);
      try {
        return await work;
      } finally {
        clearInterval(timer);
      }
    },
  };
}
