import type { Fleet } from '@statemanager/state-machine';

/** Under which scenario's name a package is reconciled, or why it has to wait. */
export type Target =
  { readonly type: 'ask'; readonly scenarioName: string } | { readonly type: 'wait'; readonly why: string };

/**
 * The scenario whose target is the package (the first by name); if none targets it, the package's own name, unless a
 * scenario of that name is about another package. What a scenario terminated on purpose is not revived, and for what an
 * operator paused nothing is asked.
 */
export function findTarget(view: Fleet, packageName: string): Target {
  if (view.record('package', packageName)?.reconcilePaused) {
    return { type: 'wait', why: `reconciles of package ${packageName} are paused` };
  }
  const [scenarioName] = view.scenariosTargeting(packageName);
  if (scenarioName !== undefined) {
    const action = view.record('scenario', scenarioName)?.definition?.action ?? '';
    if (action.toLowerCase() !== 'terminate') return { type: 'ask', scenarioName };
    return { type: 'wait', why: `scenario ${scenarioName} terminates package ${packageName}` };
  }
  const other = view.record('scenario', packageName)?.definition?.target ?? '';
  if (other === '') return { type: 'ask', scenarioName: packageName };
  const why = `no scenario targets package ${packageName}, and the scenario of that name targets ${other}`;
  return { type: 'wait', why };
}
