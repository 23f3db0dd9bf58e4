import { describe, expect, it } from 'vitest';
import { parsePolicy } from './policy.ts';

describe('a policy', () => {
  it('gives roles to names, and nothing to others', () => {
    const policy = parsePolicy(`
roles:
  viewer: ["*"]
  admin: [ops.example, spiffe://fleet/*/admin]
  node-agent:
    - spiffe://fleet/node/<node>
    - { identity: old-agent, node: n7 }
`);
    const rolesOf = (identity: string): string[] => [...policy.principalOf(identity).roles].sort();
    expect(rolesOf('ops.example')).toEqual(['admin', 'viewer']);
    expect(rolesOf('opsXexample')).toEqual(['viewer']);
    expect(rolesOf('spiffe://fleet/east/admin')).toEqual(['admin']);
    expect(rolesOf('spiffe://fleet/east/west/admin')).toEqual([]);
    expect([...policy.principalOf('spiffe://fleet/node/n1').nodes]).toEqual(['n1']);
    expect([...policy.principalOf('old-agent').nodes]).toEqual(['n7']);
    expect(rolesOf('spiffe://fleet/node/n1/more')).toEqual([]);
    expect(rolesOf('spiffe://fleet/node/')).toEqual([]);
    expect(rolesOf('x'.repeat(254))).toEqual([]);
  });

  it.each<[string, RegExp]>([
    ['', /must hold `roles:`/],
    ['[]', /must hold `roles:`/],
    ['roles: {}\nrole: {}', /role means nothing/],
    ['roles: { king: [a] }', /king is no role; there are node-agent, filter-gateway/],
    ['roles: { admin: a }', /admin must be a list of names/],
    ['roles: { admin: [""] }', /"" is no name/],
    ['roles: { admin: [5] }', /5 is no name/],
    ['roles: { admin: [a*b*c*d] }', /too many \*/],
    ['roles: { admin: ["x/<node>"] }', /only a node-agent has a node/],
    ['roles: { node-agent: [a] }', /a does not say of which node/],
    ['roles: { node-agent: ["<node>/<node>"] }', /more than once/],
    ['roles: { node-agent: [{ identity: a, node: "a b" }] }', /node must be/],
    ['roles: { node-agent: [{ identity: a, nodes: b }] }', /nodes means nothing/],
    ['roles: { king: [a], admin: [5] }', /king is no role.*; admin: 5 is no name/],
  ])('is refused: %j', (text, problem) => {
    expect(() => parsePolicy(text)).toThrow(problem);
  });
});
