import { NAME_RULE, isName } from '@statemanager/state-machine';
import type { DefinitionKind } from '@statemanager/state-store';
import { parseDocument } from 'yaml';

/** What StateManager needs to know of a document. */
export type Definition =
  | { readonly kind: 'Package'; readonly name: string; readonly models: readonly string[] }
  | { readonly kind: 'Scenario'; readonly name: string; readonly target: string; readonly action: string }
  | { readonly kind: 'Model'; readonly name: string };

/** The most models one package may name: what follows from one input has to fit into one transaction. */
export const MAX_MODELS_COUNT = 1000;

/** The longest document, in characters. */
const MAX_DOCUMENT_LENGTH = 1_048_576;

/** Reads a document. Throws an Error that says what is wrong with it, with the line where YAML knows one. */
export function parseDefinition(text: string): Definition {
  if (text.length > MAX_DOCUMENT_LENGTH) throw new Error(`it is longer than ${MAX_DOCUMENT_LENGTH} characters`);
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw new Error(error.message.split('\n', 1)[0]);
  const root = mapping(document.toJS({ maxAliasCount: 100 }), 'the document');
  const name = nameOf(mapping(root.metadata, 'metadata').name, 'metadata.name');
  switch (root.kind) {
    case 'Package':
      return { kind: 'Package', name, models: modelsOf(mapping(root.spec, 'spec').models) };
    case 'Scenario':
      return { kind: 'Scenario', name, ...scenarioOf(mapping(root.spec, 'spec')) };
    case 'Model':
      return { kind: 'Model', name };
    default:
      throw new Error(`kind must be Package, Scenario or Model, not ${JSON.stringify(root.kind)}`);
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
    throw new Error(
      `metadata.name must be ${JSON.stringify(name)}, as its key says, not ${JSON.stringify(definition.name)}`,
    );
  }
  return definition as Extract<Definition, { kind: K }>;
}

function modelsOf(models: unknown): readonly string[] {
  if (models === undefined || models === null) return [];
  if (!Array.isArray(models)) throw new Error('spec.models must be a list');
  if (models.length > MAX_MODELS_COUNT) throw new Error(`spec.models must have at most ${MAX_MODELS_COUNT} models`);
  const names = models.map((model, i) => nameOf(mapping(model, `spec.models[${i}]`).name, `spec.models[${i}].name`));
  return [...new Set(names)];
}

function scenarioOf(spec: Readonly<Record<string, unknown>>): { readonly target: string; readonly action: string } {
  const target = spec.target === undefined || spec.target === null ? '' : nameOf(spec.target, 'spec.target');
  return { target, action: typeof spec.action === 'string' ? spec.action : '' };
}

function mapping(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} must be a mapping`);
  return value as Record<string, unknown>;
}

function nameOf(value: unknown, what: string): string {
  if (typeof value === 'string' && isName(value)) return value;
  throw new Error(`${what} must be ${NAME_RULE}, not ${JSON.stringify(value) ?? 'missing'}`);
}
