import { SETTINGS, type Setting, type SettingName } from './schema.ts';

const HEAD = `state-manager: decides and keeps the state of a fleet's models and packages.

Usage: state-manager [options]
       state-manager export [--store <store>] [--file <path>|-]      write a store to a file
       state-manager import [--store <store>] --file <path>|-        make a store what a file is

export and import have a --help of their own; what follows is the service.

Every option can also be given in the environment (STATEMANAGER_LISTEN for --listen)
or in a YAML file (listen: …); a flag wins over the environment, and that over the file.

Options:
`;

const TAIL = `
Examples:
  state-manager
  state-manager --store etcd:127.0.0.1:2379 --definitions ./definitions
  state-manager --listen 0.0.0.0:47006 --policy policy.yaml --clean-exit-codes 0,143

It ends with 0 after SIGTERM or SIGINT, 2 if a setting is wrong, 1 if it cannot go on.
`;

/** All settings with their defaults. */
export function helpText(): string {
  const rows: [string, string][] = (Object.keys(SETTINGS) as SettingName[]).map((name) => {
    const { value, help, default: fallback } = SETTINGS[name] as Setting<unknown>;
    return [`--${name} ${value}`, fallback === undefined ? help : `${help} (default: ${fallback})`];
  });
  rows.push(['--config <file>', 'a YAML file with any of these settings']);
  rows.push(['-h, --help', 'this text']);
  rows.push(['--version', 'the version']);
  return HEAD + rows.map(([option, help]) => `  ${option}\n      ${help}\n`).join('') + TAIL;
}
