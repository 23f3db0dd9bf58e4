export { runProgram } from './program.ts';
export type { Ended } from './program.ts';
export { startProxy } from './proxy.ts';
export type { Proxy } from './proxy.ts';
