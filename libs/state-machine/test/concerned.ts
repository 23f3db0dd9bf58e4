import type { Decision, Fleet, Input, ResourceDeleted } from '../src/index.ts';
import { naiveWord } from './naive-rules.ts';
import { MODELS } from './inputs.ts';

/** `<kind>/<name>` of all that an input may change, `node/` and `intent/` included; what else changes is a mistake. */
export function concernedBy(view: Fleet, input: Input): Set<string> {
  const models = modelsOf(view, input);
  const packages = new Set(models.flatMap((model) => view.packagesOf(model)));
  const concerned = new Set(models.map((model) => `model/${model}`));
  if (input.type === 'report' || input.type === 'node-forgotten') concerned.add(`node/${input.node}`);
  if (input.type === 'resource-deleted') return addDeleted(concerned, input);
  if (input.type === 'scenario-defined' || input.type === 'scenario-undefined') concerned.add(`scenario/${input.name}`);
  if (input.type === 'change' && input.kind === 'scenario') concerned.add(`scenario/${input.name}`);
  if (input.type === 'package-defined' || input.type === 'package-undefined') return addAll(concerned, [input.name]);
  if (input.type === 'change' && input.kind === 'package') packages.add(input.name);
  if ('packageName' in input) packages.add(input.packageName);
  if (input.type === 'leading') for (const name of input.packages) packages.add(name);
  return addAll(concerned, packages);
}

/** `<kind>/<name>` of all that a decision changes. */
export function changedBy({ changes, transitions }: Decision): Set<string> {
  const changed = new Set(transitions.map((t) => `${t.kind}/${t.name}`));
  if (changes === undefined) return changed;
  for (const kind of ['scenario', 'package', 'model'] as const) {
    for (const [name] of changes.changedRecords(kind)) changed.add(`${kind}/${name}`);
  }
  for (const [name] of changes.changedNodes()) changed.add(`node/${name}`);
  for (const [name] of changes.changedIntents()) changed.add(`intent/${name}`);
  return changed;
}

function modelsOf(view: Fleet, input: Input): string[] {
  if (input.type === 'report') {
    const old = view.node(input.node)?.containers ?? [];
    return MODELS.filter((m) => old.some((o) => o.model === m) || naiveWord(input.containers, m, new Set()) !== '');
  }
  if (input.type === 'node-forgotten') return MODELS.filter((m) => view.nodesOf(m).includes(input.node));
  if (input.type === 'change') return input.kind === 'model' ? [input.name] : [];
  if ('model' in input) return [input.model];
  if (input.type === 'package-defined' || input.type === 'package-undefined') {
    return [...(view.record('package', input.name)?.definition?.models ?? [])];
  }
  return [];
}

/** What is held by nothing moves nothing further up. */
function addDeleted(concerned: Set<string>, { kind, name }: ResourceDeleted): Set<string> {
  return kind === 'package' ? addAll(concerned, [name]) : concerned.add(`${kind}/${name}`);
}

function addAll(concerned: Set<string>, packages: Iterable<string>): Set<string> {
  for (const name of packages) concerned.add(`package/${name}`).add(`intent/${name}`);
  return concerned;
}
