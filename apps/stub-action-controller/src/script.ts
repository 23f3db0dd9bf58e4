import { Code } from '@connectrpc/connect';
import { actioncontroller } from '@statemanager/proto';

/** What a scripted call does instead of the real thing; `delay` does the real thing, later. */
export type Behaviour = 'fail' | 'refuse' | 'hang' | 'delay' | 'die';

/** How the next calls of a method go. */
export interface ScriptEntry {
  readonly method: string;
  readonly behaviour: Behaviour;
  /** How many calls it is still for. */
  times: number;
  /** For `fail`: the gRPC code, in snake case. */
  readonly code: string;
  /** What a failure or refusal says. */
  readonly desc: string;
  /** How long a call waits before the behaviour. */
  readonly delayMs: number;
  /** The scenario that it is for; every one if undefined. */
  readonly scenario?: string;
}

/** How many entries a script can have. */
export const MAX_SCRIPT_ENTRIES_COUNT = 1000;
const MAX_TIMES_COUNT = 1_000_000;
const MAX_DELAY_MS = 3_600_000;
const MAX_DESC_CHARACTERS = 4096;

/** gRPC's codes by their names in snake case. */
export const CODES: ReadonlyMap<string, Code> = new Map(
  Object.entries(Code)
    .filter((entry): entry is [string, Code] => typeof entry[1] === 'number')
    .map(([name, code]) => [name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase(), code]),
);

const METHODS: readonly string[] = actioncontroller.ActionControllerConnection.methods.map(({ name }) => name);
const BEHAVIOURS: readonly string[] = ['fail', 'refuse', 'hang', 'delay', 'die'] satisfies Behaviour[];

/** For each field of an entry: what it is if not given, what fits, and how to say so. */
const FIELDS: Readonly<Record<keyof ScriptEntry, { or: unknown; fits: (value: unknown) => boolean; form: string }>> = {
  method: { or: 'Reconcile', fits: (value) => METHODS.includes(String(value)), form: `one of ${METHODS.join(', ')}` },
  behaviour: {
    or: undefined,
    fits: (value) => BEHAVIOURS.includes(String(value)),
    form: `one of ${BEHAVIOURS.join(', ')}`,
  },
  times: { or: 1, fits: whole(1, MAX_TIMES_COUNT), form: `a whole number from 1 to ${MAX_TIMES_COUNT}` },
  code: { or: 'internal', fits: (value) => CODES.has(String(value)), form: `one of ${[...CODES.keys()].join(', ')}` },
  desc: { or: 'as scripted', fits: isText, form: `a text of at most ${MAX_DESC_CHARACTERS} characters` },
  delayMs: { or: 0, fits: whole(0, MAX_DELAY_MS), form: `a whole number from 0 to ${MAX_DELAY_MS}` },
  scenario: { or: undefined, fits: (value) => value === undefined || isText(value), form: 'a name' },
};

/** Reads an entry as it came in JSON. The error names every field that is wrong. */
export function decodeScriptEntry(value: unknown): ScriptEntry | { readonly error: string } {
  if (typeof value !== 'object' || value === null) return { error: 'a script entry is a JSON object' };
  const given = value as Readonly<Record<string, unknown>>;
  const entry = Object.fromEntries(Object.entries(FIELDS).map(([name, { or }]) => [name, given[name] ?? or]));
  const problems = [
    ...Object.keys(given)
      .filter((name) => !Object.hasOwn(FIELDS, name))
      .map((name) => `${name}: there is no such field`),
    ...Object.entries(FIELDS)
      .filter(([name, { fits }]) => !fits(entry[name]))
      .map(([name, { form }]) => `${name}: must be ${form}`),
    ...(entry['behaviour'] === 'delay' && entry['delayMs'] === 0 ? ['delayMs: must be given with delay'] : []),
  ];
  return problems.length > 0 ? { error: problems.join('; ') } : (entry as unknown as ScriptEntry);
}

/** Takes one call from the first entry that is for it; undefined if the call goes as usual. */
export function takeFromScript(script: ScriptEntry[], method: string, scenario: string): ScriptEntry | undefined {
  const at = script.findIndex((entry) => entry.method === method && (entry.scenario ?? scenario) === scenario);
  const entry = script[at];
  if (entry === undefined) return undefined;
  entry.times--;
  if (entry.times === 0) script.splice(at, 1);
  return entry;
}

function whole(least: number, most: number): (value: unknown) => boolean {
  return (value) => typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_DESC_CHARACTERS;
}
