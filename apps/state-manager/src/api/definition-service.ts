import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { simulate, type Fleet, type Hypothesis, type RuleOptions } from '@statemanager/state-machine';
import {
  DEFINITION_KINDS,
  definitionKey,
  nameUnder,
  type DefinitionKind,
  type Entry,
  type KeyValueStore,
} from '@statemanager/state-store';
import { diffLines } from 'diff';
import { parseDefinition, parseDefinitionAt, type Definition } from '../definitions/parse-definition.ts';
import { splitDocuments } from '../definitions/split-documents.ts';
import { MAX_ANSWER_BYTES } from '../read/answer-size.ts';
import { FieldError } from '../read/field-error.ts';
import { readName, readPageSize } from '../read/filter.ts';
import type { ReadModel } from '../read/read-model.ts';
import { answering, notFound, rejected } from './errors.ts';
import { describeImpact } from './impact.ts';
import { presentOf, viewOf } from './present.ts';

export interface DefinitionServiceOptions {
  readonly model: ReadModel;
  readonly store: KeyValueStore;
  readonly rules: RuleOptions;
  /** How long a caller waits for what follows, in milliseconds. */
  readonly answerWithinMs: number;
}

const MAX_DOCUMENTS_COUNT = 1000;

/** The longest text with documents, in characters: what is applied at once goes into one transaction. */
const MAX_TEXT_LENGTH = 1_048_576;

/** How many problems an error names: it travels in a header. */
const MAX_PROBLEMS_COUNT = 10;

/** How many lines may differ before everything is shown as replaced: the search for what is common costs their square. */
const MAX_DIFFERENT_LINES_COUNT = 1000;

/** Puts, reads and deletes documents where ApiServer does. */
export function definitionService(options: DefinitionServiceOptions): ServiceImpl<typeof v1.DefinitionService> {
  return {
    applyDefinitions: (request) => answering(() => apply(options, request)),
    deleteDefinition: (request) => answering(() => remove(options, request)),
    getDefinition: (request) => answering(() => get(options, request)),
    listDefinitions: (request) => answering(() => list(options, request)),
  };
}

/** A document of a request, beside the one in the store. */
interface Compared {
  readonly definition: Definition;
  readonly text: string;
  readonly stored: Entry | undefined;
}

async function apply(
  options: DefinitionServiceOptions,
  { yaml, dryRun }: v1.ApplyDefinitionsRequest,
): Promise<v1.ApplyDefinitionsResponse> {
  presentOf(options.model);
  const compared = await Promise.all(
    readDocuments(yaml).map(async ({ definition, text }) => {
      const stored = await options.store.get(definitionKey(definition.kind, definition.name));
      return { definition, text, stored };
    }),
  );
  const changed = compared.filter(({ text, stored }) => stored?.value !== text);
  const revision = dryRun || changed.length === 0 ? 0 : await put(options, changed);
  return create(v1.ApplyDefinitionsResponseSchema, {
    definitions: compared.map((one) => appliedOf(one, revision)),
    changes: dryRun ? changesOf(options, changed) : [],
  });
}

/** Reads every document, or throws with the line of each problem. */
function readDocuments(yaml: string): readonly { definition: Definition; text: string }[] {
  if (yaml.length > MAX_TEXT_LENGTH) throw new FieldError('yaml', `must be at most ${MAX_TEXT_LENGTH} characters`);
  const documents = splitDocuments(yaml);
  if (documents.length === 0) throw new FieldError('yaml', 'holds no document');
  if (documents.length > MAX_DOCUMENTS_COUNT) throw new FieldError('yaml', `may hold ${MAX_DOCUMENTS_COUNT} documents`);
  const problems: string[] = [];
  const keys = new Set<string>();
  const read = documents.flatMap(({ text, line }) => {
    try {
      const definition = parseDefinition(text, line);
      const key = definitionKey(definition.kind, definition.name);
      if (keys.has(key)) throw new Error(`line ${line}: ${key} is there twice`);
      keys.add(key);
      return [{ definition, text }];
    } catch (error) {
      problems.push((error as Error).message);
      return [];
    }
  });
  if (problems.length === 0) return read;
  const more = problems.length - MAX_PROBLEMS_COUNT;
  const named = problems.slice(0, MAX_PROBLEMS_COUNT).join('; ');
  throw new FieldError('yaml', more > 0 ? `${named}; and ${more} more` : named);
}

/** Puts documents at one revision and waits until what follows was decided. Returns the revision. */
async function put(
  { store, model, answerWithinMs }: DefinitionServiceOptions,
  changed: readonly Compared[],
): Promise<number> {
  const operations = changed.map(({ definition, text }) => {
    return { type: 'put', key: definitionKey(definition.kind, definition.name), value: text } as const;
  });
  const result = await store.commit({ guards: [], operations });
  if (result.outcome !== 'committed') throw lostAnswer('apply');
  const { revision } = result;
  const isKnown = (view: Fleet): boolean =>
    changed.every(({ definition: { kind, name } }) => definedAt(view, kind, name) >= revision);
  if (!(await model.until(isKnown, answerWithinMs))) throw notInEffect(`stored at revision ${revision}`);
  return revision;
}

/** The revision of the document that a resource is decided with; 0 if there is none. Models' documents decide nothing. */
function definedAt(view: Fleet, kind: DefinitionKind, name: string): number {
  if (kind === 'Model') return Number.POSITIVE_INFINITY;
  return view.record(kind === 'Package' ? 'package' : 'scenario', name)?.definition?.revision ?? 0;
}

function lostAnswer(what: string): ConnectError {
  return new ConnectError(`the store’s answer was lost: it may be done; ${what} it again`, Code.Unavailable);
}

function notInEffect(done: string): ConnectError {
  return new ConnectError(`${done}, but not in effect yet: StateManager’s log says why`, Code.Unavailable);
}

function changesOf({ model, rules }: DefinitionServiceOptions, changed: readonly Compared[]): v1.ImpactChange[] {
  const hypotheses = changed.flatMap(({ definition }): Hypothesis[] => {
    if (definition.kind === 'Model') return [];
    if (definition.kind === 'Package') return [{ type: 'package-defined', ...pick(definition) }];
    return [{ type: 'scenario-defined', name: definition.name, target: definition.target, action: definition.action }];
  });
  const simulation = simulate(viewOf(model), hypotheses, rules, Date.now());
  if ('accepted' in simulation) throw rejected(simulation);
  return simulation.impacts.map(describeImpact);
}

function pick({ name, models }: Extract<Definition, { kind: 'Package' }>): { name: string; models: readonly string[] } {
  return { name, models };
}

function appliedOf({ definition, text, stored }: Compared, revision: number): v1.AppliedDefinition {
  const { kind, name } = definition;
  const unchanged = stored?.value === text;
  const action = unchanged ? 'unchanged' : stored === undefined ? 'created' : 'changed';
  return create(v1.AppliedDefinitionSchema, {
    kind,
    name,
    action,
    diff: unchanged ? '' : diffOf(stored?.value ?? '', text),
    revision: BigInt(unchanged ? stored.revision : revision),
  });
}

function diffOf(before: string, after: string): string {
  const options = { maxEditLength: MAX_DIFFERENT_LINES_COUNT };
  const parts = diffLines(before, after, options) ?? [
    { value: before, added: false, removed: true },
    { value: after, added: true, removed: false },
  ];
  return parts
    .flatMap(({ value, added, removed }) => {
      const mark = added ? '+' : removed ? '-' : ' ';
      return value
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${mark}${line}\n`);
    })
    .join('');
}

async function remove(
  { store, model, answerWithinMs }: DefinitionServiceOptions,
  request: v1.DeleteDefinitionRequest,
): Promise<v1.DeleteDefinitionResponse> {
  const kind = readDefinitionKind(request.kind);
  const name = readName(request.name, 'name');
  presentOf(model);
  const key = definitionKey(kind, name);
  if (!(await store.delete(key))) throw notFound(`${kind} ${name}`);
  const isGone = (view: Fleet): boolean => kind === 'Model' || definedAt(view, kind, name) === 0;
  if (!(await model.until(isGone, answerWithinMs))) throw notInEffect('deleted');
  return create(v1.DeleteDefinitionResponseSchema);
}

async function get(
  { store }: DefinitionServiceOptions,
  request: v1.GetDefinitionRequest,
): Promise<v1.GetDefinitionResponse> {
  const kind = readDefinitionKind(request.kind);
  const name = readName(request.name, 'name');
  const entry = await store.get(definitionKey(kind, name));
  if (entry === undefined) throw notFound(`${kind} ${name}`);
  return create(v1.GetDefinitionResponseSchema, { definition: describe(kind, name, entry) });
}

async function list(
  { store }: DefinitionServiceOptions,
  request: v1.ListDefinitionsRequest,
): Promise<v1.ListDefinitionsResponse> {
  const kinds = request.kind === '' ? DEFINITION_KINDS : [readDefinitionKind(request.kind)];
  const size = readPageSize(request.pageSize);
  const after = Buffer.from(request.pageToken, 'base64url').toString();
  const first = request.pageToken === '' ? 0 : kinds.findIndex((kind) => after.startsWith(`${kind}/`));
  if (first === -1) throw new FieldError('page_token', 'is none that a listing gave');
  const definitions: v1.Definition[] = [];
  let bytes = 0;
  for (const kind of kinds.slice(first)) {
    const prefix = `${kind}/`;
    for (const entry of (await store.getAllWithPrefix(prefix)).entries) {
      const name = nameUnder(prefix, entry.key);
      if (name === undefined || (after.startsWith(prefix) && entry.key <= after)) continue;
      if (definitions.length === size || bytes >= MAX_ANSWER_BYTES) return pageOf(definitions);
      definitions.push(describe(kind, name, entry));
      bytes += Buffer.byteLength(entry.value);
    }
  }
  return create(v1.ListDefinitionsResponseSchema, { definitions });
}

/** A page that another one follows: its token is the last document's key. */
function pageOf(definitions: v1.Definition[]): v1.ListDefinitionsResponse {
  const { kind = '', name = '' } = definitions.at(-1) ?? {};
  const nextPageToken = Buffer.from(`${kind}/${name}`).toString('base64url');
  return create(v1.ListDefinitionsResponseSchema, { definitions, nextPageToken });
}

function describe(kind: DefinitionKind, name: string, { value, revision }: Entry): v1.Definition {
  let problem = '';
  try {
    parseDefinitionAt(kind, name, value);
  } catch (error) {
    problem = (error as Error).message;
  }
  return create(v1.DefinitionSchema, { kind, name, yaml: value, revision: BigInt(revision), problem });
}

function readDefinitionKind(text: string): DefinitionKind {
  const kind = DEFINITION_KINDS.find((known) => known.toLowerCase() === text.toLowerCase());
  if (kind !== undefined) return kind;
  throw new FieldError('kind', `${JSON.stringify(text.slice(0, 64))} is no kind of definition`, DEFINITION_KINDS);
}
