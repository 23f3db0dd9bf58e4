/** A `Package/<name>` document, as ApiServer writes it. */
export function packageYaml(name: string, models: readonly string[]): string {
  const lines = models.flatMap((model) => [
    `    - name: ${model}`,
    '      node: n1',
    '      resources:',
    '        volume:',
  ]);
  const named = models.length === 0 ? ['  models: []'] : ['  models:', ...lines];
  return [...head('Package', name), '  pattern:', '    - type: plain', ...named, ''].join('\n');
}

/** A `Scenario/<name>` document. */
export function scenarioYaml(name: string, target: string, action = 'launch'): string {
  return [...head('Scenario', name), '  condition:', `  action: ${action}`, `  target: ${target}`, ''].join('\n');
}

function head(kind: string, name: string): readonly string[] {
  return ['apiVersion: v1', `kind: ${kind}`, 'metadata:', `  name: ${name}`, 'spec:'];
}
