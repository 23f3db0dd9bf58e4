import type { v1 } from '@statemanager/proto';
import { colourOf } from './colour.ts';
import type { Out } from './out.ts';
import { printable } from './printable.ts';
import { tableLines, type Cell } from './table.ts';

/** The resources that would change, as a table; a sentence if none would. */
export function changeLines(out: Out, changes: readonly v1.ImpactChange[]): string[] {
  if (changes.length === 0) return ['No state would change.'];
  const rows = changes.map(({ kind, name, from, to, rule, cause }): Cell[] => [
    printable(`${kind}/${name}`),
    stateCell(from, '<none>'),
    stateCell(to, '(removed)'),
    printable(rule) || '-',
    printable(cause) || '-',
  ]);
  return tableLines(['NAME', 'FROM', 'TO', 'RULE', 'CAUSE'], rows, out.paint);
}

/** The reconciles that would be asked for, a line each. */
export function reconcileLines(reconciles: readonly v1.ImpactReconcile[]): string[] {
  return reconciles.map(({ package: name, scenario, waitsBecause }) =>
    printable(
      waitsBecause === ''
        ? `ActionController would be asked to reconcile package/${name} as scenario ${scenario}`
        : `package/${name} would have to be reconciled, but that would wait: ${waitsBecause}`,
    ),
  );
}

/** The nodes whose loss would hurt most, as a table. */
export function rankingLines(out: Out, ranking: readonly v1.NodeImpact[]): string[] {
  if (ranking.length === 0) return ['No node is known.'];
  const rows = ranking.map(({ node, packagesError, packagesDegraded, modelsDead }): Cell[] => [
    printable(node),
    count(packagesError, 'bad'),
    count(packagesDegraded, 'warn'),
    count(modelsDead, 'bad'),
  ]);
  return tableLines(['NODE LOST', 'PACKAGES IN ERROR', 'PACKAGES DEGRADED', 'MODELS DEAD'], rows, out.paint);
}

function count(of: number, colour: 'bad' | 'warn'): Cell {
  return { text: String(of), colour: of === 0 ? 'dim' : colour };
}

function stateCell(state: string, none: string): Cell {
  return state === '' ? { text: none, colour: 'dim' } : { text: printable(state), colour: colourOf(state) };
}
