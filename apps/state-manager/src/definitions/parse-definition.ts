import { NAME_RULE, isName } from '@statemanager/state-machine';
import type { DefinitionKind } from '@statemanager/state-store';
import { isNode, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';

/** What StateManager needs to know of a document. */
export type Definition =
  | { readonly kind: 'Package'; readonly name: string; readonly models: readonly string[] }
  | { readonly kind: 'Scenario'; readonly name: string; readonly target: string; readonly action: string }
  | { readonly kind: 'Model'; readonly name: string };

/** The most models one package may name: what follows from one input has to fit into one transaction. */
export const MAX_MODELS_COUNT = 1000;

/** The longest document, in characters. */
const MAX_DOCUMENT_LENGTH = 1_048_576;

/** How much of a bad value a message repeats, in characters. */
const MAX_SHOWN_LENGTH = 100;

/** Reads a document. Throws an Error that says what is wrong with it and in which line, counted from `firstLine`. */
export function parseDefinition(text: string, firstLine = 1): Definition {
  if (text.length > MAX_DOCUMENT_LENGTH) {
    throw new Error(`line ${firstLine}: the document is longer than ${MAX_DOCUMENT_LENGTH} characters`);
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false });
  const lineAt = (offset: number): number => firstLine - 1 + Math.max(1, lineCounter.linePos(offset).line);
  const [error] = document.errors;
  if (error !== undefined)
    throw new Error(`line ${lineAt(error.pos[0])}: ${shorten(error.message.split('\n', 1)[0] ?? '')}`);
  const repeated = repeatedKey(document);
  if (repeated !== undefined) throw new Error(`line ${lineAt(repeated)}: map keys must be unique`);
  try {
    return definitionOf(document.toJS({ maxAliasCount: 100 }));
  } catch (problem) {
    const path = problem instanceof FieldProblem ? problem.path : [];
    const { message } = problem as Error;
    const text = problem instanceof FieldProblem ? message : shorten(message);
    throw new Error(`line ${lineAt(offsetOf(document, path))}: ${text}`, { cause: problem });
  }
}

/** Reads the document under `<kind>/<name>`. Throws too if it is of another kind or name. */
export function parseDefinitionAt<K extends DefinitionKind>(
  kind: K,
  name: string,
  text: string,
): Extract<Definition, { kind: K }> {
  const definition = parseDefinition(text);
  if (definition.kind !== kind) throw new Error(`kind must be ${kind}, as its key says, not ${definition.kind}`);
  if (definition.name !== name) {
    throw new Error(`metadata.name must be ${show(name)}, as its key says, not ${show(definition.name)}`);
  }
  return definition as Extract<Definition, { kind: K }>;
}

type Path = readonly (string | number)[];

/** Something in a document that is not as it must be, and where. */
class FieldProblem extends Error {
  readonly path: Path;

  constructor(path: Path, problem: string) {
    super(`${nameOfPath(path)} ${problem}`);
    this.path = path;
  }
}

function nameOfPath(path: Path): string {
  if (path.length === 0) return 'the document';
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}

/** Where the value at a path is in the text, or the nearest thing around it that is there. */
function offsetOf(document: Document.Parsed, path: Path): number {
  for (let { length } = path; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}

/** Where a key stands a second time in its mapping. The parser’s own check takes a time that grows with their square. */
function repeatedKey(document: Document.Parsed): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) offset = key.range?.[0] ?? 0;
        if (offset !== undefined) return visit.BREAK;
        keys.add(key.value);
      }
      return undefined;
    },
  });
  return offset;
}

function definitionOf(value: unknown): Definition {
  const root = mapping(value, []);
  const name = nameAt(mapping(root.metadata, ['metadata']).name, ['metadata', 'name']);
  const spec = (): Readonly<Record<string, unknown>> => mapping(root.spec, ['spec']);
  switch (root.kind) {
    case 'Package':
      return { kind: 'Package', name, models: modelsOf(spec().models) };
    case 'Scenario':
      return { kind: 'Scenario', name, ...scenarioOf(spec()) };
    case 'Model':
      return { kind: 'Model', name };
    default:
      throw new FieldProblem(['kind'], `must be Package, Scenario or Model, not ${show(root.kind)}`);
  }
}

function modelsOf(models: unknown): readonly string[] {
  const path = ['spec', 'models'];
  if (models === undefined || models === null) return [];
  if (!Array.isArray(models)) throw new FieldProblem(path, 'must be a list');
  if (models.length > MAX_MODELS_COUNT) throw new FieldProblem(path, `must have at most ${MAX_MODELS_COUNT} models`);
  const names = models.map((model, i) => nameAt(mapping(model, [...path, i]).name, [...path, i, 'name']));
  return [...new Set(names)];
}

function scenarioOf(spec: Readonly<Record<string, unknown>>): { readonly target: string; readonly action: string } {
  const target = spec.target === undefined || spec.target === null ? '' : nameAt(spec.target, ['spec', 'target']);
  return { target, action: typeof spec.action === 'string' ? spec.action : '' };
}

function mapping(value: unknown, path: Path): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FieldProblem(path, 'must be a mapping');
  }
  return value as Record<string, unknown>;
}

function nameAt(value: unknown, path: Path): string {
  if (typeof value === 'string' && isName(value)) return value;
  throw new FieldProblem(path, `must be ${NAME_RULE}, not ${show(value)}`);
}

/** A bad value in a message, which may travel in a header: never more of it than a line holds. */
function show(value: unknown): string {
  return shorten(JSON.stringify(value) ?? 'missing');
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}
