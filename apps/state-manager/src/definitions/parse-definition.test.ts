import { describe, expect, it } from 'vitest';
import { MAX_MODELS_COUNT, parseDefinition, parseDefinitionAt } from './parse-definition.ts';
import { splitDocuments } from './split-documents.ts';

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
    ['kind: Package\nmetadata: {name: p\nspec: {}', /^line [23]: /],
    ['kind: Package\nkind: Package\nmetadata: {name: p}', /^line 2: .*unique/i],
    ['\tkind: Package', /^line 1: /],
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

  it('does not take long over a mapping of very many keys', () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}: 1\n`).join('');
    const began = performance.now();
    expect(parseDefinition(`kind: Model\nmetadata: {name: m}\n${keys}`)).toMatchObject({ name: 'm' });
    expect(() => parseDefinition(`kind: Model\nmetadata: {name: m}\n${keys}k7: 2\n`)).toThrow(
      'line 50003: map keys must be unique',
    );
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('survives a document that contains itself', () => {
    expect(() => parseDefinition('kind: &k [*k]\nmetadata: {name: m}')).toThrow();
  });

  it('refuses a document that is too long, unread', () => {
    expect(() => parseDefinition('x'.repeat(1_048_577))).toThrow('longer than 1048576 characters');
  });
});

describe('the line of a problem', () => {
  const text = [
    '# a package', // 1
    'kind: Package', // 2
    'metadata:', // 3
    '  labels: {}', // 4
    '  name: p', // 5
    'spec:', // 6
    '  models:', // 7
    '    - name: a', // 8
    '      node: n1', // 9
    '    - name: b', // 10
    '', // 11
    '    -', // 12
    '      node: n2', // 13
    '      name: c', // 14
    '', // 15
  ].join('\n');

  it.each([
    ['kind: Package', 'kind: Pod', 2, 'kind must be'],
    ['  name: p', '  name: "a b"', 5, 'metadata.name must be'],
    ['  name: p', '  nam: p', 4, 'metadata.name must be'],
    ['metadata:\n  labels: {}\n  name: p', 'metadata: 7', 3, 'metadata must be a mapping'],
    ['- name: a', '- name: ä', 8, 'spec.models[0].name must be'],
    ['- name: b', '- name: [b]', 10, 'spec.models[1].name must be'],
    ['- name: b', '- b', 10, 'spec.models[1] must be a mapping'],
    ['      name: c', '      name: 7', 14, 'spec.models[2].name must be'],
    ['      name: c', '      nome: c', 13, 'spec.models[2].name must be'],
    ['  models:', '  kind: x\n  kind: x\n  models:', 8, 'unique'],
    ['      name: c', '      name: "c', 15, ''],
  ])('is right with %j as %j', (good, bad, line, problem) => {
    const broken = text.replace(good, bad);
    expect(broken).not.toBe(text);
    const at = (firstLine: number): RegExp => new RegExp(`^line ${firstLine - 1 + line}: .*${escape(problem)}`);
    expect(() => parseDefinition(broken)).toThrow(at(1));
    expect(() => parseDefinition(broken, 101)).toThrow(at(101));
  });

  it.each([
    ['kind: Package\nmetadata: {name: p}\n', 11],
    ['\n\nkind: Package\nmetadata: {name: p}\n', 13],
  ])('is where the document begins if what is wrong is not there: %j', (missing, line) => {
    expect(() => parseDefinition(missing, 11)).toThrow(`line ${line}: spec must be a mapping`);
  });

  it('is right in each of several documents', () => {
    const several = `${text}---\n${text.replace('- name: b', '- name: /')}---\n# again\nkind: Pod\n`;
    const problems = splitDocuments(several).map(({ text: own, line }) => {
      try {
        return parseDefinition(own, line).name;
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(problems).toEqual([
      'p',
      expect.stringMatching(/^line 25: spec\.models\[1\]\.name/),
      expect.stringMatching(/^line 32: metadata must be/),
    ]);
    expect(several.split('\n').slice(24, 25)).toEqual(['    - name: /']);
    expect(several.split('\n').slice(31, 32)).toEqual(['kind: Pod']);
  });

  it('repeats no more of a bad value than a line holds', () => {
    const long = 'x'.repeat(100_000);
    const metadata = 'metadata: {name: m}';
    for (const bad of [
      `kind: ${long}\n${metadata}`,
      `kind: [${`${long},`.repeat(3)}]\n${metadata}`,
      `kind: Model\nmetadata: {name: ${long}}`,
      `kind: *${long}\n${metadata}`,
    ]) {
      const problem = messageOf(() => parseDefinition(`${bad}\n`));
      expect(problem.length).toBeLessThan(300);
      expect(problem).toContain('xxx');
    }
    const key = messageOf(() => parseDefinition(`kind: Model\nmetadata: {name: m}\n${long}: 1\n${long}: 2\n`));
    expect(key.length).toBeLessThan(300);
    expect(
      messageOf(() => parseDefinitionAt('Model', 'm', `kind: Model\nmetadata: {name: ${'m'.repeat(253)}}`)).length,
    ).toBeLessThan(300);
  });

  const escape = (problem: string): string => problem.replaceAll(/[.[\]]/g, '\\$&');

  function messageOf(read: () => unknown): string {
    try {
      read();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('nothing was thrown');
  }
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
