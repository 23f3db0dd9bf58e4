import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parsePolicy } from './policy.ts';
import { ROLE_NAMES, roleOf } from './roles.ts';

const text = readFileSync(new URL('../../../../docs/security.md', import.meta.url), 'utf8');

it('the table of roles in docs/security.md is what the code has', () => {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const expected = ROLE_NAMES.map((name) => {
    const { may, as, sets, reports = '' } = roleOf(name);
    return [`\`${name}\``, may.join(', '), as.join(', '), sets.join(', '), reports];
  });
  expect(rows).toEqual(expected);
});

it('the policy in docs/security.md is one', () => {
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(text) ?? [];
  const policy = parsePolicy(yaml);
  expect([...policy.principalOf('spiffe://fleet/node/n1').nodes]).toEqual(['n1']);
  expect([...policy.principalOf('dashboard').roles]).toEqual(['viewer']);
});
