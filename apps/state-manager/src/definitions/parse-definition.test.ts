import { describe, expect, it } from 'vitest';
import { MAX_MODELS_COUNT, parseDefinition, parseDefinitionAt } from './parse-definition.ts';

const packageYaml = (models: string, name = 'p'): string => `
apiVersion: v1
kind: Package
metadata:
  name: ${name}
spec:
  pattern:
    - type: plain
  models: ${models}
`;

describe('parseDefinition', () => {
  it('reads a package, each model once, whatever else is in it', () => {
    const models = `
    - name: a
      node: n1
      resources:
        volume: null
        network: ~
    - { name: b, node: n1, extra: [1, 2] }
    - name: a
      node: n2`;
    expect(parseDefinition(packageYaml(models))).toEqual({ kind: 'Package', name: 'p', models: ['a', 'b'] });
  });

  it.each(['', '[]', '~', 'null'])('reads a package without models: %j', (models) => {
    expect(parseDefinition(packageYaml(models))).toMatchObject({ models: [] });
  });

  it.each([
    ['{ target: p, action: launch, condition: { x: 1 } }', 'p', 'launch'],
    ['{ target: ~ }', '', ''],
    ['{ target: p, action: 7 }', 'p', ''],
  ])('reads a scenario: %s', (spec, target, action) => {
    const text = `{ kind: Scenario, metadata: { name: s }, spec: ${spec} }`;
    expect(parseDefinition(text)).toEqual({ kind: 'Scenario', name: 's', target, action });
  });

  it('reads JSON too, and a model', () => {
    expect(parseDefinition('{"kind":"Model","metadata":{"name":"m"},"spec":{}}')).toEqual({ kind: 'Model', name: 'm' });
  });

  it.each([
    ['kind: Package\nmetadata: {name: p\nspec: {}', /at line [23]/],
    ['kind: Package\nkind: Package\nmetadata: {name: p}', /unique.*line 2|line 2/i],
    ['\tkind: Package', /line 1/],
  ])('says where YAML is broken: %j', (text, where) => {
    expect(() => parseDefinition(text)).toThrow(where);
  });

  it('says what is wrong in one line', () => {
    const broken = 'a: [1,\nb: {{{';
    let message = '';
    try {
      parseDefinition(broken);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).not.toBe('');
    expect(message).not.toContain('\n');
  });

  it.each([
    ['', 'the document must be a mapping'],
    ['- a', 'the document must be a mapping'],
    ['kind: Package', 'metadata must be a mapping'],
    ['kind: Package\nmetadata: {}\nspec: {}', 'metadata.name must be 1-253'],
    ['kind: Package\nmetadata: {name: 7}\nspec: {}', 'metadata.name must be 1-253'],
    ['kind: Package\nmetadata: {name: a/b}\nspec: {}', 'metadata.name must be 1-253'],
    ['kind: Pod\nmetadata: {name: p}', 'kind must be Package, Scenario or Model, not "Pod"'],
    ['metadata: {name: p}', 'kind must be Package, Scenario or Model'],
    ['kind: Package\nmetadata: {name: p}', 'spec must be a mapping'],
    [packageYaml('{}'), 'spec.models must be a list'],
    [packageYaml('[a]'), 'spec.models[0] must be a mapping'],
    [packageYaml('[{name: a}, {nam: b}]'), 'spec.models[1].name must be'],
    ['kind: Scenario\nmetadata: {name: s}\nspec: {target: "a b"}', 'spec.target must be'],
    ['kind: Model\nmetadata: {name: m}\n---\nkind: Model\nmetadata: {name: n}', 'multiple documents'],
  ])('names the field that is wrong: %j', (text, problem) => {
    expect(() => parseDefinition(text)).toThrow(problem);
  });

  it('refuses more models than one transaction can hold', () => {
    const names = (count: number): string => `[${Array.from({ length: count }, (_, i) => `{name: m${i}}`).join(',')}]`;
    expect(parseDefinition(packageYaml(names(MAX_MODELS_COUNT)))).toMatchObject({ kind: 'Package' });
    expect(() => parseDefinition(packageYaml(names(MAX_MODELS_COUNT + 1)))).toThrow('at most 1000 models');
  });

  it('is not blown up by aliases', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(10)}]`);
    const bomb = ['l0: &l0 [x]', ...levels, 'kind: Model', 'metadata: {name: m}'].join('\n');
    expect(() => parseDefinition(bomb)).toThrow(/alias/i);
  });

  it('survives a document that contains itself', () => {
    expect(() => parseDefinition('kind: &k [*k]\nmetadata: {name: m}')).toThrow();
  });

  it('refuses a document that is too long, unread', () => {
    expect(() => parseDefinition('x'.repeat(1_048_577))).toThrow('longer than 1048576 characters');
  });
});

describe('parseDefinitionAt', () => {
  it('takes what its key says', () => {
    expect(parseDefinitionAt('Package', 'p', packageYaml('[]')).models).toEqual([]);
  });

  it('refuses another kind or name', () => {
    expect(() => parseDefinitionAt('Scenario', 'p', packageYaml('[]'))).toThrow(
      'kind must be Scenario, as its key says',
    );
    expect(() => parseDefinitionAt('Package', 'q', packageYaml('[]'))).toThrow('metadata.name must be "q"');
  });
});
