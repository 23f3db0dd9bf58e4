import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

/**
 * Preloaded into a process (`--import`), it writes the address of every module that is loaded from then on to the file that
 * `LOADED_MODULES_FILE` names, one a line, however it was asked for.
 */
const file = process.env['LOADED_MODULES_FILE'];
if (file !== undefined) {
  registerHooks({
    load: (url, context, next) => {
      appendFileSync(file, `${url}\n`);
      return next(url, context);
    },
  });
}
