import { ETCD_SETTINGS } from '../config/etcd-options.ts';
import { SETTINGS } from '../config/schema.ts';
import type { TransferVerb } from './options.ts';

type Row = readonly [option: string, help: string];

const STORE: Row = [
  '--store <store>',
  `sqlite:<path> or etcd:<host:port>[,<host:port>…] (default: ${SETTINGS.store.default})`,
];
/** How to reach an etcd that wants more than an address. */
const ETCD: readonly Row[] = ETCD_SETTINGS.map((name) => [`--${name} ${SETTINGS[name].value}`, SETTINGS[name].help]);
const COMMON: readonly Row[] = [
  ['--config <file>', 'a YAML file with the service’s settings; its store counts'],
  ['-h, --help', 'this text'],
];

const EXPORT = text(
  `state-manager export: writes everything StateManager needs of a store to one file.

Usage: state-manager export [options]

It reads the store as of one revision, and changes nothing in it. A file is there whole or not at all. On etcd
a StateManager may run meanwhile; a SQLite file is its process's alone, so that one has to be stopped.
`,
  [STORE, ['--file <path>|-', 'where to write; - is standard output (default: -)'], ...ETCD, ...COMMON],
  `
  state-manager export --store etcd:127.0.0.1:2379 --file fleet.jsonl
  state-manager export | gzip > fleet.jsonl.gz
`,
);

const IMPORT = text(
  `state-manager import: makes a store what an exported file is.

Usage: state-manager import --file <path> [options]

It checks the whole file, then writes it while it holds the leadership, and reads it back. It refuses a store
that somebody leads, or that holds anything else. Killed in the middle, it goes on when it is run again; until
then no StateManager works on that store.
`,
  [
    STORE,
    ['--file <path>|-', 'what to import; - is standard input'],
    ['--replace', 'makes a store that is not empty what the file is: deletes what the file does not have'],
    [
      '--lease-ttl-seconds <s>',
      `${SETTINGS['lease-ttl-seconds'].help} (default: ${SETTINGS['lease-ttl-seconds'].default})`,
    ],
    ...ETCD,
    ...COMMON,
  ],
  `
  state-manager import --store etcd:127.0.0.1:2379 --file fleet.jsonl
  gunzip < fleet.jsonl.gz | state-manager import --file -
`,
);

const HELP: Readonly<Record<TransferVerb, string>> = { export: EXPORT, import: IMPORT };

/** What `state-manager <verb> --help` prints. */
export function transferHelp(verb: TransferVerb): string {
  return HELP[verb];
}

function text(head: string, rows: readonly Row[], examples: string): string {
  const options = rows.map(([option, help]) => `  ${option}\n      ${help}\n`).join('');
  const store = '\nThe store can also be given as STATEMANAGER_STORE, as for the service.\n';
  const codes = '\nIt ends with 0 if all was done, 2 if an option is wrong, 1 if it could not be done.\n';
  return `${head}\nOptions:\n${options}${store}\nExamples:${examples}${codes}`;
}
