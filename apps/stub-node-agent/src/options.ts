import { parseArgs } from 'node:util';

/** How the simulated fleet is run. */
export interface Options {
  /** The YAML file that names the nodes, their models and their containers. */
  readonly fleet: string;
  /** Where orders are taken, as host:port; port 0 picks a free one. */
  readonly listen: string;
  /** StateManager's address, as a URL. */
  readonly stateManager: string;
  /** How often a node looks at its containers. */
  readonly pollMs: number;
  /** Whether a report that failed is sent again; a real NodeAgent never does. */
  readonly repeatFailed: boolean;
}

const VALUES = {
  fleet: { default: 'examples/fleet.yaml', form: 'file', fits: (text: string) => text !== '' },
  listen: { default: '127.0.0.1:47099', form: 'host:port', fits: isAddress },
  'state-manager': { default: 'http://127.0.0.1:47006', form: 'http://host:port', fits: isHttpUrl },
  'poll-ms': { default: '1000', form: 'milliseconds, 1 to 3600000', fits: isPollMs },
};

/** What `--help` prints. */
export const HELP = `stub-node-agent: a simulated fleet that reports its containers to StateManager as real NodeAgents do.

  --fleet <file>            nodes, models and containers, as YAML   (default ${VALUES.fleet.default})
  --listen <host:port>      where orders are taken; port 0: any     (default ${VALUES.listen.default})
  --state-manager <url>     where reports go                        (default ${VALUES['state-manager'].default})
  --poll-ms <n>             how often a node looks at its containers (default ${VALUES['poll-ms'].default})
  --repeat-failed           send a report again until it arrives; real NodeAgents do not (default off)
  --help                    this text

Orders are JSON over HTTP:
  curl -X POST 127.0.0.1:47099/orders -d '{"action":"crash","model":"lane-keeper","exitCode":139}'
  curl -X POST 127.0.0.1:47099/orders -d '{"action":"stop","node":"zone-rear"}'
  curl -X POST 127.0.0.1:47099/orders -d '{"action":"move","model":"navigation","from":"hpc-central","to":"zone-rear"}'
  curl -X POST 127.0.0.1:47099/nodes/zone-front/hiccup
  curl 127.0.0.1:47099/fleet

actions: crash pause unpause stop start remove restart (fields node, model, container, exitCode, oom, afterMs), add, move
`;

/** Reads the command line. Every problem is in the answer, not only the first; with one, the options are not to be used. */
export function readOptions(args: readonly string[]): 'help' | { options: Options; problems: string[] } {
  const spec = Object.entries(VALUES).map(
    ([name, value]) => [name, { type: 'string', default: value.default }] as const,
  );
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...Object.fromEntries(spec), 'repeat-failed': { type: 'boolean' }, help: { type: 'boolean' } },
    strict: false,
  });
  if (values['help'] === true) return 'help';
  const text = (name: keyof typeof VALUES) => (typeof values[name] === 'string' ? values[name] : '');
  const flag = values['repeat-failed'] ?? false;
  const problems = [
    ...positionals.map((argument) => `'${argument}' is not an option`),
    ...Object.keys(values)
      .filter((name) => !Object.hasOwn(VALUES, name) && name !== 'repeat-failed')
      .map((name) => `--${name} is not an option`),
    ...(Object.keys(VALUES) as (keyof typeof VALUES)[])
      .filter((name) => !VALUES[name].fits(text(name)))
      .map((name) => `--${name} wants ${VALUES[name].form}, not '${text(name)}'`),
    ...(typeof flag === 'boolean' ? [] : ['--repeat-failed takes no value']),
  ];
  const options = {
    fleet: text('fleet'),
    listen: text('listen'),
    stateManager: text('state-manager'),
    pollMs: Number(text('poll-ms')),
    repeatFailed: flag === true,
  };
  return { options, problems };
}

function isAddress(text: string): boolean {
  return /^[^/@?#]+:\d+$/.test(text) && URL.canParse(`http://${text}`);
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

function isPollMs(text: string): boolean {
  return /^[1-9]\d{0,6}$/.test(text) && Number(text) <= 3_600_000;
}
