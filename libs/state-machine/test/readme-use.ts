import { decide, DEFAULT_RULE_OPTIONS, explain, Fleet, simulate, type Input } from '../src/index.ts';

const facts = { status: 'exited', running: false, dead: false, oomKilled: false, exitCode: 137 };
const inputs: Input[] = [
  { type: 'package-defined', name: 'web', models: ['nginx'], revision: 1, at: 1000 },
  { type: 'report', node: 'node-1', containers: [{ model: 'nginx', name: 'app', ...facts }], at: 2000 },
];

export const fleet = new Fleet();
export const story: string[] = [];
for (const input of inputs) {
  const decision = decide(fleet, input, DEFAULT_RULE_OPTIONS);
  if (!decision.accepted) throw new Error(decision.details);
  for (const t of decision.transitions) story.push(`${t.name}: ${t.from} > ${t.to} (${t.rule}: ${t.cause})`);
  if (decision.changes !== undefined) fleet.absorb(decision.changes);
}

export const why = explain(fleet, 'package', 'web');
export const supposed = simulate(fleet, [{ type: 'node-lost', node: 'node-1' }], DEFAULT_RULE_OPTIONS, 3000);
