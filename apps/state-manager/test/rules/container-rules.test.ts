import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../kit/world.ts';

type Facts = Readonly<Record<string, string>>;

/** What Podman says, the rule that must decide, and what a model of this one container must be. */
const ROWS: readonly [facts: Facts, rule: string, model: string][] = [
  [{ Status: 'dead' }, 'container.dead', 'Dead'],
  [{ Status: 'running', Dead: 'true' }, 'container.dead', 'Dead'],
  [{ Status: 'exited', ExitCode: '137' }, 'container.dead', 'Dead'],
  [{ Status: 'exited', ExitCode: '-1' }, 'container.dead', 'Dead'],
  [{ Status: 'exited', ExitCode: 'none' }, 'container.dead', 'Dead'],
  [{ Status: 'stopped', ExitCode: '1' }, 'container.dead', 'Dead'],
  [{ Status: 'removing', ExitCode: '2' }, 'container.dead', 'Dead'],
  [{ Status: 'exited', ExitCode: '0', OOMKilled: 'true' }, 'container.dead', 'Dead'],
  [{ Status: 'stopped', OOMKilled: 'true' }, 'container.dead', 'Dead'],
  [{ Status: 'EXITED', ExitCode: '1' }, 'container.dead', 'Dead'],
  [{ Status: 'paused', Running: 'true', Paused: 'true' }, 'container.paused', 'Paused'],
  [{ Status: 'Paused' }, 'container.paused', 'Paused'],
  [{ Status: 'exited', ExitCode: '0' }, 'container.exited', 'Exited'],
  [{ Status: 'exited' }, 'container.exited', 'Exited'],
  [{ Status: 'stopped', ExitCode: '0' }, 'container.exited', 'Exited'],
  [{ Status: 'removing', ExitCode: '0', OOMKilled: 'false' }, 'container.exited', 'Exited'],
  [{ Status: 'running', ExitCode: '0' }, 'container.running', 'Running'],
  [{ Status: 'running', ExitCode: '1', OOMKilled: 'true' }, 'container.running', 'Running'],
  [{ Status: 'Restarting', ExitCode: '1' }, 'container.running', 'Running'],
  [{ Status: 'stopping' }, 'container.running', 'Running'],
  [{ Running: 'true' }, 'container.running', 'Running'],
  [{ Status: 'initialized' }, 'container.initialized', 'Running'],
  [{ Status: 'created' }, 'container.created', 'Running'],
  [{ Status: 'configured' }, 'container.created', 'Running'],
  [{ Status: 'unknown' }, 'container.unknown', 'Running'],
  [{ Status: 'healthy', Running: 'true' }, 'container.unknown', 'Running'],
  [{ Running: 'false' }, 'container.unknown', 'Running'],
  [{}, 'container.unknown', 'Running'],
];

describe('container rules, through the wire', () => {
  let world: World;
  beforeAll(async () => (world = await startWorld()));
  afterAll(() => world.stop());

  it.each(ROWS.map(([facts, rule, model], i) => ({ i, said: JSON.stringify(facts), facts, rule, model })))(
    '$said is $rule',
    async ({ i, facts, rule, model }) => {
      const name = `m${i}`;
      await world.peer.report(`n${i}`, [{ names: ['app'], state: facts, annotation: { model: name } }]);
      expect(await world.state('model', name)).toBe(model);
      const node = JSON.parse((await world.etcd.get(`/statemanager/node/n${i}`)) as string) as {
        models: Record<string, [name: string, rule: string][]>;
      };
      expect(node.models[name]?.map(([container, decided]) => [container, decided])).toEqual([['app', rule]]);
    },
  );
});
