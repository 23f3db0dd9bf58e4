import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer, type Message } from '../kit/api-peer.ts';
import { randomFrom } from '../kit/engine.ts';
import { container } from '../kit/peer.ts';
import { differences, foretold, statesOf } from '../kit/states.ts';
import { packageYaml, scenarioYaml, startWorld, type World } from '../kit/world.ts';

const NODES = ['n1', 'n2', 'n3', 'n4'];
const MODELS = ['a', 'b', 'c', 'd', 'e', 'f'];

let world: World;
let api: ApiPeer;

beforeAll(async () => {
  // Without a grace a node that reports nothing is what SimulateImpact calls lost.
  world = await startWorld(['--missing-grace-ms', '0', '--action-controller', 'http://127.0.0.1:1']);
  await world.service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  api = connectApi(world.service.address);
});

afterAll(async () => {
  api.close();
  await world.stop();
});

const simulate = (request: Message): Promise<Message> => api.call('StateService/SimulateImpact', request);
const intents = async (): Promise<readonly Message[]> =>
  (await api.call('ReconcileService/ListIntents')).intents as readonly Message[];

describe('SimulateImpact', () => {
  it('foretells what losing a node does, and writes nothing, whatever the fleet', async () => {
    const seed = Number(process.env.STATEMANAGER_SEED ?? Math.trunc(Math.random() * 2 ** 31));
    console.log(`impact: STATEMANAGER_SEED=${seed}`);
    const random = randomFrom(seed);
    const some = <T>(items: readonly T[]): T[] => items.filter(() => random() < 0.5);
    for (let round = 0; round < 25; round += 1) {
      await api.apply(...['p', 'q', 'r'].map((name) => packageYaml(name, some(MODELS))));
      for (const node of NODES) {
        const reported = some(MODELS).map((model) => {
          const dead = random() < 0.2;
          return container(model, `/${model}`, dead ? 'exited' : 'running', { exitCode: dead ? 1 : 0 });
        });
        await world.peer.report(node, reported);
      }
      const lost = some(NODES);
      const [before, asked, dump] = [await statesOf(api), await intents(), await world.etcd.dump()];
      const foreseen = await simulate({ hypotheses: lost.map((node_lost) => ({ node_lost })), rank_nodes: 2 });
      expect(await world.etcd.dump()).toEqual(dump);
      expect(await statesOf(api)).toEqual(before);

      for (const node of lost) await world.peer.report(node, []);
      expect(foretold(foreseen.changes)).toEqual(differences(before, await statesOf(api)));
      const reconciles = (foreseen.reconciles as readonly Message[]).map((one) => one.package);
      const known = new Set(asked.map(({ id }) => id));
      const made = (await intents()).filter(({ id }) => !known.has(id));
      expect(reconciles).toEqual(made.map((intent) => intent.package));
    }
    for (const node of NODES) await world.peer.report(node, []);
  });

  describe('of a known fleet', () => {
    beforeAll(async () => {
      await api.apply(
        packageYaml('p', ['a', 'b']),
        packageYaml('q', ['c']),
        packageYaml('r', []),
        scenarioYaml('launch-q', 'q'),
        scenarioYaml('stop-p', 'p').replace('launch', 'terminate'),
      );
      const running = (...models: readonly string[]): unknown[] => models.map((m) => container(m, `/${m}`, 'running'));
      await world.peer.report('n1', running('a') as []);
      await world.peer.report('n2', running('b', 'c') as []);
      await world.peer.report('n3', running('a', 'x') as []);
      await world.peer.report('n4', []);
    });

    it('says by which rule and cause, and under which scenario’s name it would be asked, or why not', async () => {
      const answer = await simulate({ hypotheses: [{ node_lost: 'n1' }, { node_lost: 'n2' }, { node_lost: 'n3' }] });
      expect(answer).toMatchObject({
        changes: [
          { kind: 'package', name: 'p', from: 'Running', to: 'Error', rule: 'package.error' },
          { kind: 'package', name: 'q', from: 'Running', to: 'Error', rule: 'package.error' },
          { kind: 'model', name: 'a', from: 'Running', to: 'Dead', rule: 'model.missing' },
          { kind: 'model', name: 'b', from: 'Running', to: 'Dead', rule: 'model.missing' },
          { kind: 'model', name: 'c', from: 'Running', to: 'Dead', rule: 'model.missing' },
          { kind: 'model', name: 'x', from: 'Running', to: '' },
        ],
        reconciles: [
          { package: 'p', scenario: '', waits_because: 'scenario stop-p terminates package p' },
          { package: 'q', scenario: 'launch-q', waits_because: '' },
        ],
        ranking: [],
        revision: expect.stringMatching(/^\d+$/) as string,
      });
    });

    it('ranks the nodes whose loss hurts most, the worst first', async () => {
      const nodes = [
        { node: 'n2', packages_error: 1, packages_degraded: 1, models_dead: 2 },
        { node: 'n1', packages_error: 0, packages_degraded: 0, models_dead: 0 },
        { node: 'n3', packages_error: 0, packages_degraded: 0, models_dead: 0 },
        { node: 'n4', packages_error: 0, packages_degraded: 0, models_dead: 0 },
      ];
      expect(await simulate({ rank_nodes: 1000 })).toMatchObject({ changes: [], ranking: nodes });
      expect((await simulate({ rank_nodes: 1 })).ranking).toEqual(nodes.slice(0, 1));
    });

    it.each<[string, readonly Message[], readonly string[]]>([
      ['a model', [{ model: { name: 'c', state: 'dead' } }], ['model/c: Running → Dead', 'package/q: Running → Error']],
      ['a state it is in', [{ model: { name: 'c', state: 'Running' } }], []],
      [
        'a container',
        [{ container: { node: 'n3', model: 'a', name: 'a', state: 'DEAD' } }],
        ['model/a: Running → Dead', 'package/p: Running → Degraded'],
      ],
      [
        'a new container on a new node',
        [{ container: { node: 'n9', model: 'z', name: 'z', state: 'Paused' } }],
        ['model/z:  → Paused'],
      ],
      [
        'a definition',
        [{ definition: packageYaml('r', ['a', 'ghost']) }, { definition: packageYaml('q', ['b', 'ghost']) }],
        ['package/r: Idle → Running'],
      ],
      [
        'several things in their order',
        [
          { node_lost: 'n1' },
          { container: { node: 'n1', model: 'a', name: 'a', state: 'Running' } },
          { node_lost: 'n2' },
        ],
        [
          'model/b: Running → Dead',
          'model/c: Running → Dead',
          'package/p: Running → Degraded',
          'package/q: Running → Error',
        ],
      ],
      ['nothing', [], []],
    ])('takes %s', async (_, hypotheses, expected) => {
      const dump = await world.etcd.dump();
      expect(foretold((await simulate({ hypotheses })).changes)).toEqual(expected);
      expect(await world.etcd.dump()).toEqual(dump);
    });

    it('is of the present revision', async () => {
      const { revision } = await api.call('StateService/GetResource', { kind: 'package', name: 'p' });
      expect((await simulate({ hypotheses: [{ node_lost: 'n1' }] })).revision).toBe(revision);
    });
  });
});
