import { parse } from 'yaml';

/** A container as the fleet file names it. */
export interface ContainerSpec {
  /** Its Podman name, unique on its node. */
  readonly name: string;
  readonly image: string;
}

/** A model and the containers it has on one node. */
export interface ModelSpec {
  readonly name: string;
  readonly containers: readonly ContainerSpec[];
}

/** A node and the models it runs. */
export interface NodeSpec {
  readonly name: string;
  readonly models: readonly ModelSpec[];
}

/** Reads a fleet file's text. Every problem is in the answer, with its place in the file; with one there are no nodes. */
export function parseFleet(text: string): { readonly nodes: readonly NodeSpec[]; readonly problems: string[] } {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    return { nodes: [], problems: [`not YAML: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const problems: string[] = [];
  const nodes = readList(fieldOf(document, 'nodes'), 'nodes', problems).map((node, at) => readNode(node, at, problems));
  if (nodes.length === 0 && problems.length === 0) problems.push('nodes: there must be at least one');
  reportRepeated(nodes, 'nodes', problems);
  return { nodes: problems.length > 0 ? [] : nodes, problems };
}

/** Reads a model's containers; a model that names none has one, called like the model. */
export function readContainers(value: unknown, model: string, path: string, problems: string[]): ContainerSpec[] {
  if (value === undefined || value === null) return [{ name: model, image: defaultImage(model) }];
  const containers = readList(value, path, problems).map((container, at) => {
    const name = readName(fieldOf(container, 'name'), `${path}[${at}].name`, problems);
    const image = fieldOf(container, 'image') ?? defaultImage(name);
    if (typeof image === 'string' && image !== '') return { name, image };
    problems.push(`${path}[${at}].image: must be a text`);
    return { name, image: '' };
  });
  if (Array.isArray(value) && containers.length === 0) problems.push(`${path}: there must be at least one`);
  return containers;
}

/** Reads a name: 1-253 of A-Z a-z 0-9 . _ - that begins with a letter or digit. */
export function readName(value: unknown, path: string, problems: string[]): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/.test(value)) return value;
  problems.push(`${path}: must be a name (1-253 of A-Z a-z 0-9 . _ -, a letter or digit first)`);
  return '';
}

/** The field of a value read from JSON or YAML; undefined where there is none. */
export function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}

function readNode(value: unknown, at: number, problems: string[]): NodeSpec {
  const path = `nodes[${at}]`;
  const name = readName(fieldOf(value, 'name'), `${path}.name`, problems);
  const listed = fieldOf(value, 'models') ?? [];
  const models = readList(listed, `${path}.models`, problems).map((model, modelAt) => {
    const modelPath = `${path}.models[${modelAt}]`;
    const modelName = readName(fieldOf(model, 'name'), `${modelPath}.name`, problems);
    const containers = readContainers(fieldOf(model, 'containers'), modelName, `${modelPath}.containers`, problems);
    return { name: modelName, containers };
  });
  reportRepeated(models, `${path}.models`, problems);
  reportRepeated(
    models.flatMap((model) => model.containers),
    `${path}: containers`,
    problems,
  );
  return { name, models };
}

function readList(value: unknown, path: string, problems: string[]): unknown[] {
  if (Array.isArray(value)) return value;
  problems.push(`${path}: must be a list`);
  return [];
}

function reportRepeated(named: readonly { readonly name: string }[], path: string, problems: string[]): void {
  const names = named.map((each) => each.name).filter((name) => name !== '');
  const repeated = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  problems.push(...Array.from(repeated, (name) => `${path}: '${name}' is there twice`));
}

function defaultImage(name: string): string {
  return `localhost/${name}:1.0`;
}
