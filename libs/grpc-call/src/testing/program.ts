import { spawn } from 'node:child_process';

/** How a program ended. */
export interface Ended {
  exitCode: number | null;
  output: string;
}

/** The types of the generated protocol hold enums, which Node runs only when asked to. */
const flags = ['--conditions=@statemanager/source', '--experimental-transform-types', '--no-warnings'];

/** Runs a module in a process of its own, as a user of the package in `folder` would; kills it after 20 s. */
export async function runProgram(source: string, folder: URL): Promise<Ended> {
  const child = spawn(process.execPath, [...flags, '--input-type=module-typescript', '--eval', source], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let output = '';
  for await (const text of child.stdout.setEncoding('utf8')) output += String(text);
  return { exitCode: await exited, output };
}
