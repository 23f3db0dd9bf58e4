import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** A model as a package names it. */
export interface PackageModel {
  readonly name: string;
  /** The node that it belongs on. */
  readonly node: string;
}

/** A container as a model's PodSpec names it. */
export interface ModelContainer {
  readonly name: string;
  readonly image: string;
}

/** What the documents define, by name. */
export interface Definitions {
  readonly scenarios: Map<string, { readonly action: string; readonly target: string }>;
  readonly packages: Map<string, readonly PackageModel[]>;
  readonly models: Map<string, readonly ModelContainer[]>;
}

/**
 * Reads the YAML documents in a file, or in a folder's `.yaml` and `.yml` files. Every problem is in the answer, with
 * its file and the document's place in it.
 */
export async function loadDefinitions(path: string): Promise<{ definitions: Definitions; problems: string[] }> {
  const definitions: Definitions = { scenarios: new Map(), packages: new Map(), models: new Map() };
  const problems: string[] = [];
  try {
    for (const file of await filesOf(path)) readFileInto(definitions, problems, file, await readFile(file, 'utf8'));
  } catch (error) {
    problems.push(`--definitions: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { definitions, problems };
}

/** The package that a scenario targets; a name that is no scenario's is taken as a package's. */
export function packageOf({ scenarios, packages }: Definitions, name: string): string | undefined {
  const target = scenarios.get(name)?.target ?? name;
  return packages.has(target) ? target : undefined;
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

function readFileInto(definitions: Definitions, problems: string[], file: string, text: string): void {
  for (const [at, document] of Array.from(parseAllDocuments(text)).entries()) {
    const place = `${file}, document ${at + 1}`;
    const [broken] = document.errors;
    const content: unknown = broken === undefined ? document.toJS() : undefined;
    // A document without content is what a trailing `---` leaves.
    if (content === null) continue;
    const problem = broken === undefined ? readDocument(definitions, content) : broken.message;
    if (problem !== undefined) problems.push(`${place}: ${problem}`);
  }
}

/** Takes a document in; answers what is wrong with it. Fields that this stand-in does not use are not looked at. */
function readDocument(definitions: Definitions, value: unknown): string | undefined {
  const document = value as Partial<RawDocument>;
  const name = document.metadata?.name;
  if (typeof name !== 'string' || name === '') return 'metadata.name is missing';
  switch (document.kind) {
    case 'Scenario': {
      const { target, action } = document.spec ?? {};
      if (typeof target !== 'string') return `Scenario '${name}': spec.target is missing`;
      return add(definitions.scenarios, document.kind, name, { target, action: String(action ?? '') });
    }
    case 'Package': {
      const models = document.spec?.models ?? [];
      if (!Array.isArray(models) || !models.every(isPackageModel)) {
        return `Package '${name}': each of spec.models needs a name and a node`;
      }
      return add(definitions.packages, document.kind, name, models);
    }
    case 'Model': {
      const containers = document.spec?.containers;
      if (!Array.isArray(containers) || !containers.every(isModelContainer)) {
        return `Model '${name}': each of spec.containers needs a name and an image`;
      }
      return add(definitions.models, document.kind, name, containers);
    }
    default:
      return `kind must be Scenario, Package or Model, not '${String(document.kind)}'`;
  }
}

interface RawDocument {
  kind: string;
  metadata: { name?: unknown };
  spec: { target?: unknown; action?: string; models?: unknown; containers?: unknown };
}

function add<T>(defined: Map<string, T>, kind: string, name: string, value: T): string | undefined {
  if (defined.has(name)) return `${kind} '${name}' is there twice`;
  defined.set(name, value);
  return undefined;
}

function isPackageModel(value: unknown): value is PackageModel {
  return hasTexts(value, 'name', 'node');
}

function isModelContainer(value: unknown): value is ModelContainer {
  return hasTexts(value, 'name', 'image');
}

function hasTexts(value: unknown, ...fields: string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    fields.every((field) => typeof (value as Record<string, unknown>)[field] === 'string')
  );
}
