import type { Paint } from './colour.ts';
import { colourOf } from './colour.ts';
import { printable } from './printable.ts';

/** Begins the state of whatever cannot be taken at its word, so that it differs in its first column already. */
const MARK = '~';

/** How far a state can be trusted. */
export interface Trust {
  readonly stale: boolean;
  readonly inDoubt: boolean;
}

/** What keeps a state from being trusted, in words; empty if nothing does. */
export function doubtsOf({ stale, inDoubt }: Trust): string {
  return [stale ? 'stale' : '', inDoubt ? 'in doubt' : ''].filter((word) => word !== '').join(', ');
}

/** A state as tables show it: `Running`, `~Running (stale)`, `~Running (stale, in doubt)`, `<none>`. */
export function stateText(state: string, trust: Trust): string {
  const doubts = doubtsOf(trust);
  const text = state === '' ? '<none>' : printable(state);
  return doubts === '' ? text : `${MARK}${text} (${doubts})`;
}

/** The same in its colour; a doubtful state never looks healthy. */
export function paintState(paint: Paint, state: string, trust: Trust): string {
  return paint(stateText(state, trust), doubtsOf(trust) === '' ? colourOf(state) : 'warn');
}

/** The lines that explain the marks of these states; none if there are no marks. */
export function legendOf(trusts: readonly Trust[]): string[] {
  const lines: string[] = [];
  if (trusts.some(({ stale }) => stale)) {
    lines.push(`${MARK} stale: a node has not confirmed what this rests on since StateManager last took over`);
  }
  if (trusts.some(({ inDoubt }) => inDoubt)) {
    lines.push(`${MARK} in doubt: Running only because a container's state is Unknown`);
  }
  return lines;
}
