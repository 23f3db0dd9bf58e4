import { setTimeout as sleep } from 'node:timers/promises';
import { startStatectl, statectl, type Running, type Settings } from './statectl.ts';

/** A command of the README, and what it prints below it. */
export interface Shown {
  readonly command: string;
  readonly output: string;
}

/** The console blocks of a README, each with its commands in order. */
export function blocksOf(readme: string): { readonly whole: string; readonly shown: readonly Shown[] }[] {
  return [...readme.matchAll(/```console\n(.*?)```/gs)].map(([whole, body = '']) => ({
    whole,
    shown: body
      .split(/^(?=\$ )/m)
      .filter((part) => part !== '')
      .map((part) => {
        const [first = '', ...rest] = part.split('\n');
        return { command: first.slice(2), output: rest.join('\n') };
      }),
  }));
}

/** The files that a README gives: `<!-- file: name -->` before a code block. */
export function filesOf(readme: string): ReadonlyMap<string, string> {
  const files = readme.matchAll(/<!-- file: (\S+) -->\s+```yaml\n(.*?)```/gs);
  return new Map([...files].map(([, name = '', text = '']) => [name, text]));
}

/**
 * Runs the commands of a block as a shell would: `&` puts one into the background, and `kill %1` ends it. What the one
 * in the background prints stands below the command that made it do so. An exit code other than 0 is shown by `echo $?`.
 */
export async function runBlock(shown: readonly Shown[], settings: Settings): Promise<Shown[]> {
  const ran: Shown[] = [];
  let background: Running | undefined;
  let heard = 0;
  let exitCode: number | null = 0;
  for (const { command } of shown) {
    let output = '';
    if (command === 'echo $?') output = `${exitCode}\n`;
    else if (command === 'kill %1') {
      background?.child.kill('SIGINT');
      exitCode = (await background?.end())?.exitCode ?? null;
      background = undefined;
    } else if (command.endsWith(' &')) {
      background = startStatectl(wordsOf(command.slice(0, -2)), settings);
      heard = 0;
    } else {
      const result = await statectl(wordsOf(command), settings);
      exitCode = result.exitCode;
      output = `${result.stdout}${result.stderr}`;
    }
    if (background !== undefined) {
      const text = await quietOutput(background, heard);
      output += text.slice(heard);
      heard = text.length;
    }
    ran.push({ command, output });
  }
  return ran;
}

/** What a command in the background has printed when it prints no more. */
async function quietOutput(background: Running, heard: number): Promise<string> {
  let text = await background.until((output) => output.length > heard);
  for (;;) {
    await sleep(300);
    if (background.output() === text) return text;
    text = background.output();
  }
}

function wordsOf(command: string): string[] {
  const [program, ...words] = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  if (program !== 'statectl') throw new Error(`the README runs ${program}, which is not statectl`);
  return words;
}

/**
 * An output without what differs from run to run: ages, moments, ids, ports, revisions, releases, and the width of
 * columns.
 */
export function comparable(output: string): string {
  return output
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
    .replaceAll(/\b\d+(\.\d+)?(ms|s|m)(\d+s)?\b/g, '<age>')
    .replaceAll(/([Rr]evision"?:? +"?)\d+/g, '$1<revision>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<server>')
    .replaceAll(/v24\.\d+\.\d+/g, '<node>')
    .replaceAll(/statectl \d+\.\d+\.\d+/g, 'statectl <version>')
    .replaceAll(/\d+\.\d+ transitions/g, '<rate> transitions')
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/ $/gm, '')
    .trim();
}
