import {
  classifyContainer,
  compareObservations,
  containerStateOf,
  sameObservation,
  type CleanExitCodes,
  type ContainerFacts,
  type Observation,
} from './container.ts';

/** One container of a report: whose it is, what it is called, and what Podman says of it. */
export interface ReportedContainer extends ContainerFacts {
  readonly model: string;
  readonly name: string;
}

/** A report as it is remembered: classified, new `at` this time, and in the order of {@link compareObservations}. */
export function readWord(
  containers: readonly ReportedContainer[],
  clean: CleanExitCodes,
  at: number,
): readonly Observation[] {
  const word = containers.map((container) => observe(container, clean, at));
  for (let i = 1; i < word.length; i += 1) {
    if (compareObservations(word[i - 1] as Observation, word[i] as Observation) > 0) {
      return word.sort(compareObservations);
    }
  }
  return word;
}

function observe(container: ReportedContainer, clean: CleanExitCodes, since: number): Observation {
  const { model, name, exitCode } = container;
  const rule = classifyContainer(container, clean);
  const state = containerStateOf(rule);
  if (state !== 'Dead' && state !== 'Exited') return { model, name, rule, since };
  return {
    model,
    name,
    rule,
    ...(exitCode === undefined || Number.isNaN(exitCode) ? undefined : { exitCode }),
    ...(container.oomKilled ? { oomKilled: true as const } : undefined),
    since,
  };
}

/** A word whose observations are those of the word before, with their times, wherever they say the same. */
export function keepKnown(before: readonly Observation[], word: readonly Observation[]): readonly Observation[] {
  let i = 0;
  return word.map((observation) => {
    while (i < before.length && isBefore(before[i] as Observation, observation)) i += 1;
    const known = before[i];
    if (known === undefined || !sameObservation(known, observation)) return observation;
    i += 1;
    return known;
  });
}

function isBefore(a: Observation, b: Observation): boolean {
  return compareObservations(a, b) < 0;
}

/** Whether a node says the same as before. */
export function sameWord(a: readonly Observation[], b: readonly Observation[]): boolean {
  return a.length === b.length && a.every((observation, i) => sameObservation(observation, b[i] as Observation));
}

/** A model of which a node says something else than before. */
export interface WordDifference {
  readonly model: string;
  readonly before: readonly Observation[];
  readonly after: readonly Observation[];
}

/** The models of which two words of a node differ, by name. Both words are ordered, so one walk finds them. */
export function compareWords(before: readonly Observation[], after: readonly Observation[]): readonly WordDifference[] {
  const differences: WordDifference[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const model = firstOf(before[i]?.model, after[j]?.model);
    const oldPart = partOf(before, i, model);
    const newPart = partOf(after, j, model);
    if (!sameWord(oldPart, newPart)) differences.push({ model, before: oldPart, after: newPart });
    i += oldPart.length;
    j += newPart.length;
  }
  return differences;
}

/** What a word says of one model. */
export function containersOf(word: readonly Observation[], model: string): readonly Observation[] {
  let low = 0;
  let high = word.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((word[middle] as Observation).model < model) low = middle + 1;
    else high = middle;
  }
  return partOf(word, low, model);
}

/** The containers of one model, of which the first, if there is any, stands at `begin`. */
function partOf(word: readonly Observation[], begin: number, model: string): readonly Observation[] {
  let end = begin;
  while (end < word.length && word[end]?.model === model) end += 1;
  return word.slice(begin, end);
}

function firstOf(a: string | undefined, b: string | undefined): string {
  if (a === undefined) return b as string;
  return b === undefined || a < b ? a : b;
}
