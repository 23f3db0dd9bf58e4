import { parseArgs } from 'node:util';

/** A host, without brackets, and a port; port 0 picks a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How the stand-in is run. */
export interface Options {
  /** A YAML file, or a folder of them: scenarios, packages and models. */
  readonly definitions: string;
  /** Where ActionController is served. */
  readonly listen: Address;
  /** Where the script and the list of calls are served. */
  readonly control: Address;
  /** stub-node-agent's address, as a URL. */
  readonly nodeAgent: string;
  /** How long after its order a repair takes effect. */
  readonly repairDelayMs: number;
  /** Whether a Reconcile whose current status is NONE, FAILED or UNKNOWN is refused, as the public one does. */
  readonly refuseFailed: boolean;
}

const MAX_REPAIR_DELAY_MS = 3_600_000;

const SPEC = {
  definitions: { type: 'string', default: 'examples/definitions' },
  listen: { type: 'string', default: '127.0.0.1:47001' },
  control: { type: 'string', default: '127.0.0.1:47002' },
  'node-agent': { type: 'string', default: 'http://127.0.0.1:47099' },
  'repair-delay-ms': { type: 'string', default: '500' },
  'refuse-failed': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** What `--help` prints. */
export const HELP = `stub-action-controller: a stand-in for ActionController that repairs stub-node-agent's fleet, or fails as told.

  --definitions <file|dir>  scenarios, packages and models, as YAML  (default ${SPEC.definitions.default})
  --listen <host:port>      where ActionController is served; port 0: any (default ${SPEC.listen.default})
  --control <host:port>     where the script and the calls are       (default ${SPEC.control.default})
  --node-agent <url>        stub-node-agent                          (default ${SPEC['node-agent'].default})
  --repair-delay-ms <n>     from a repair's order to its effect      (default ${SPEC['repair-delay-ms'].default})
  --refuse-failed           answer INTERNAL to a Reconcile whose current is NONE, FAILED or UNKNOWN,
                            as the public controller does            (default off)
  --help                    this text

The next calls go as the script says (behaviours: fail refuse hang delay die):
  curl -X POST 127.0.0.1:47002/script -d '{"method":"Reconcile","times":3,"behaviour":"fail","code":"unavailable"}'
  curl -X POST 127.0.0.1:47002/script -d '{"behaviour":"delay","delayMs":2000,"scenario":"helloworld"}'
  curl 127.0.0.1:47002/script
  curl -X DELETE 127.0.0.1:47002/script
What it was asked, and forgetting that and the script:
  curl 127.0.0.1:47002/calls
  curl -X POST 127.0.0.1:47002/reset
`;

/** Reads the command line, and says everything that is wrong with it; the options are for use only if nothing is. */
export function readOptions(args: string[]): { help: boolean; options: Options; problems: string[] } {
  const { values, positionals } = parseArgs({ args, options: SPEC, strict: false });
  const problems = positionals.map((extra) => `unexpected '${extra}'`);
  for (const name of Object.keys(values)) if (!Object.hasOwn(SPEC, name)) problems.push(`unknown option --${name}`);
  const flag = (name: 'refuse-failed' | 'help'): boolean => {
    if (typeof values[name] === 'string') problems.push(`--${name}: is given without a value`);
    return values[name] === true;
  };
  const read = <T>(name: 'listen' | 'control' | 'node-agent' | 'repair-delay-ms', or: T, reader: Reader<T>): T => {
    const result = reader(String(values[name]));
    if (result === undefined) problems.push(`--${name}: '${String(values[name])}' is not ${reader.form}`);
    return result ?? or;
  };
  if (typeof values.definitions !== 'string') problems.push('--definitions: needs a file or folder');
  const options: Options = {
    definitions: String(values.definitions),
    listen: read('listen', { host: '', port: 0 }, address),
    control: read('control', { host: '', port: 0 }, address),
    nodeAgent: read('node-agent', '', httpUrl),
    repairDelayMs: read('repair-delay-ms', 0, delayMs),
    refuseFailed: flag('refuse-failed'),
  };
  return { help: flag('help'), options, problems };
}

/** Reads an option's text; undefined if it does not have the form. */
type Reader<T> = ((text: string) => T | undefined) & { readonly form: string };

const address: Reader<Address> = Object.assign(
  (text: string) => {
    const [, host, port] = /^(?:\[?)([^[\]/@]+?)(?:\]?):(\d{1,5})$/.exec(text) ?? [];
    return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
  },
  { form: 'host:port' },
);

const httpUrl: Reader<string> = Object.assign(
  (text: string) => (/^https?:\/\/./.test(text) && URL.canParse(text) ? text : undefined),
  { form: 'a URL such as http://127.0.0.1:47099' },
);

const delayMs: Reader<number> = Object.assign(
  (text: string) => (/^\d{1,7}$/.test(text) && Number(text) <= MAX_REPAIR_DELAY_MS ? Number(text) : undefined),
  { form: `milliseconds from 0 to ${MAX_REPAIR_DELAY_MS}` },
);
