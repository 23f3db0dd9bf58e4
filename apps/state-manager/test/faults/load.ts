import { status } from '@grpc/grpc-js';
import { container, type Peer, type WireContainer } from '../kit/peer.ts';
import { packageYaml, scenarioYaml } from './documents.ts';
import { chanceOf, type Chance } from './seed.ts';
import { packageDefinitions } from './naive-rules.ts';
import { under, valueOf, type Contents, type StoreUnderTest } from './stores.ts';

/*
 * Nodes that report and components that ask, all at once, each remembering what it was promised. A node's n-th word is
 * told from all others by the name of its marker container, so that the store shows which word it holds.
 */

const NODES = ['n0', 'n1', 'n2', 'n3'];
const SHARED = 'shared';
const ASKED_MODELS = ['asked-0', 'asked-1'];
const SCENARIOS = ['s0', 's1', 's2'];
const CYCLE = ['Idle', 'Waiting', 'Satisfied', 'Allowed', 'Completed'];
const MODEL_STATES = ['Created', 'Paused', 'Exited', 'Dead', 'Running'];

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  p0: ['n0-a', 'n0-b'],
  p1: ['n1-a', 'n2-a'],
  p2: [SHARED],
  p3: ['n0-a', 'n3-a', SHARED],
  p4: ASKED_MODELS,
  p5: [],
};

/** What one client was promised, and what it asked for since: anything from the first to the last of these is right. */
interface Promised {
  acknowledged: number;
  sent: number;
}

/** Where a component stands with one resource. */
interface Asked extends Promised {
  /** What was asked for, from the beginning. */
  readonly states: string[];
}

/** All clients of one store, across as many lives of the service as it takes. */
export class Load {
  readonly #chance: Chance;
  readonly #words = new Map(NODES.map((node) => [node, [] as (readonly WireContainer[])[]]));
  readonly #reports = new Map<string, Promised>(NODES.map((node) => [node, { acknowledged: -1, sent: -1 }]));
  readonly #asked = new Map<string, Asked>();
  #ids = 0;
  acknowledgedCount = 0;

  constructor(name: string) {
    this.#chance = chanceOf(name);
    for (const key of [...SCENARIOS.map(scenarioKey), ...ASKED_MODELS.map(modelKey)]) {
      this.#asked.set(key, { acknowledged: -1, sent: -1, states: [] });
    }
  }

  /** Puts the definitions that the load is about. */
  async define(store: StoreUnderTest): Promise<void> {
    for (const [name, models] of Object.entries(PACKAGES))
      await store.put(`Package/${name}`, packageYaml(name, models));
    await store.put('Scenario/s0', scenarioYaml('s0', 'p0'));
  }

  /** Asks and reports until `over` aborts, or the service dies. Resolves when every call has ended. */
  async run(peers: readonly Peer[], over: AbortSignal): Promise<void> {
    const peer = (): Peer => this.#chance.one(peers);
    await Promise.all([
      ...NODES.map((node) => whileAlive(over, () => this.#report(peer(), node))),
      ...SCENARIOS.map((name) => whileAlive(over, () => this.#change(peer(), 'SCENARIO', scenarioKey(name), name))),
      ...ASKED_MODELS.map((name) => whileAlive(over, () => this.#change(peer(), 'MODEL', modelKey(name), name))),
    ]);
  }

  /** What the store does not hold although it was promised, a sentence each. */
  brokenPromises(contents: Contents): readonly string[] {
    const broken: string[] = [];
    for (const [node, { acknowledged, sent }] of this.#reports) {
      const stored = storedWord(contents, node);
      if (stored < acknowledged || stored > sent) {
        broken.push(
          `node ${node}: word ${acknowledged} was acknowledged, ${sent} was the last, and ${stored} is stored`,
        );
      }
    }
    for (const [key, { acknowledged, states }] of this.#asked) {
      const right = acknowledged < 0 ? [undefined, ...states] : states.slice(acknowledged);
      const stored = valueOf(contents, key);
      if (!right.includes(stored)) broken.push(`${key} is ${stored}, and must be one of ${right.join()}`);
    }
    if (packageDefinitions(contents).size !== Object.keys(PACKAGES).length) broken.push('a definition is gone');
    return broken;
  }

  /** Goes on from what the store holds: a component that heard no answer looks. */
  resume(contents: Contents): void {
    for (const [key, asked] of this.#asked) {
      const stored = valueOf(contents, key);
      asked.states.length = 0;
      if (stored !== undefined) asked.states.push(stored);
      asked.acknowledged = asked.sent = asked.states.length - 1;
    }
  }

  /** Has every node say again what the store has of it. */
  async repeat(peer: Peer, contents: Contents): Promise<void> {
    for (const node of NODES) {
      const word = this.#words.get(node)?.[storedWord(contents, node)];
      if (word !== undefined) await peer.report(node, word);
    }
  }

  async #report(peer: Peer, node: string): Promise<void> {
    const promised = this.#reports.get(node) as Promised;
    // Now and then a node speaks again before it was answered: the newer word takes the older one's place.
    const inARow = this.#chance.next() < 0.2 ? 3 : 1;
    const answers = Array.from({ length: inARow }, () => {
      const index = (promised.sent += 1);
      const word = this.#word(node, index);
      this.#words.get(node)?.push(word);
      return peer.report(node, word, CALL_WITHIN_MS).then(() => {
        promised.acknowledged = Math.max(promised.acknowledged, index);
        this.acknowledgedCount += 1;
      });
    });
    await settled(answers);
  }

  #word(node: string, index: number): readonly WireContainer[] {
    const models = [`${node}-a`, `${node}-b`, SHARED].filter(() => this.#chance.next() < 0.9);
    const described = models.map((model) => {
      const status = this.#chance.one(['running', 'running', 'exited', 'exited', 'paused', 'created', 'removing']);
      return container(model, `${model}-${node}`, status, { exitCode: this.#chance.one([0, 1, 137]) });
    });
    return [...described, container(`${node}-marker`, String(index), 'running')];
  }

  async #change(peer: Peer, kind: 'SCENARIO' | 'MODEL', key: string, name: string): Promise<void> {
    const asked = this.#asked.get(key) as Asked;
    const present = asked.states.at(-1);
    const target =
      kind === 'SCENARIO'
        ? CYCLE[(CYCLE.indexOf(present ?? 'Completed') + 1) % CYCLE.length]
        : this.#chance.one(MODEL_STATES.filter((state) => state !== present));
    asked.states.push(target as string);
    const index = (asked.sent += 1);
    const request = {
      resource_type: `RESOURCE_TYPE_${kind}`,
      resource_name: name,
      target_state: target,
      transition_id: `load-${(this.#ids += 1)}`,
    };
    const answer = await peer.change(request, CALL_WITHIN_MS);
    if (answer.error_code !== 'ERROR_CODE_SUCCESS') throw new Error(`${key} to ${target}: ${answer.error_details}`);
    asked.acknowledged = index;
    this.acknowledgedCount += 1;
  }
}

/** Longer than anything takes; only so that no call hangs for ever. */
const CALL_WITHIN_MS = 20_000;

const scenarioKey = (name: string): string => `/scenario/${name}/state`;
const modelKey = (name: string): string => `/model/${name}/state`;

/** Repeats until time is over or the peer is gone; what the service refuses is a fault. */
async function whileAlive(over: AbortSignal, step: () => Promise<void>): Promise<void> {
  while (!over.aborted) {
    try {
      await step();
    } catch (error) {
      if (!isGone(error)) throw error;
      return;
    }
  }
}

/** Whether the service is not there, or takes no more. Whatever else it answers is a fault: it was not asked wrongly. */
function isGone(error: unknown): boolean {
  return (error as { code?: number }).code === status.UNAVAILABLE;
}

/** Resolves when all have ended; throws the first failure then. */
async function settled(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === 'rejected') throw result.reason;
}

/** Which of its words the store has of a node; -1 if none. */
function storedWord(contents: Contents, node: string): number {
  const [found] = under(contents, `/statemanager/node/${node}`).filter(([rest]) => rest === '');
  if (found === undefined) return -1;
  const { models } = JSON.parse(found[1]) as { models: Record<string, readonly (readonly [string])[]> };
  return Number(models[`${node}-marker`]?.[0]?.[0] ?? -1);
}
