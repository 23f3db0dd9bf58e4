import type { ChangeAnswer, StateManagerClient, Watched } from '@statemanager/client';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { startReplicas, type Replicas } from '../kit/fleet-of-replicas.ts';
import { container } from '../kit/peer.ts';
import { clientOf, historyOf } from './replicated-client.ts';

let replicas: Replicas;
const clients: StateManagerClient[] = [];

const connect = (...args: Parameters<typeof clientOf>): StateManagerClient => {
  const client = clientOf(...args);
  clients.push(client);
  return client;
};

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await replicas.stop();
});

const CHAIN = ['Waiting', 'Satisfied', 'Allowed', 'Completed'];

/** Brings one scenario after the other through the table, each step only from the one before. */
async function walk(client: StateManagerClient, names: AsyncIterable<string> | Iterable<string>): Promise<string[]> {
  const refused: string[] = [];
  for await (const name of names) {
    let currentState = 'Idle';
    for (const targetState of CHAIN) {
      const change = { kind: 'scenario', name, targetState, currentState, source: 'test' } as const;
      const { accepted, errorDetails } = await client.changeState(change);
      if (!accepted) refused.push(`${name} ${targetState}: ${errorDetails}`);
      currentState = targetState;
    }
  }
  return refused;
}

describe('kill -9 of the leader', () => {
  it('under load: every change ends in exactly one transition', async () => {
    replicas = await startReplicas(3);
    const leader = await replicas.leader();
    // Some ask the leader itself, some a follower that forwards.
    const callers = [[leader, ...others(leader)], others(leader), [...replicas.all]].map((all) => connect(all));
    const over = new AbortController();
    let answered = 0;
    const names: string[] = [];
    const worlds = callers.flatMap((client, caller) =>
      [0, 1].map((worker) =>
        walk(
          client,
          (function* () {
            for (let i = 0; !over.signal.aborted; i += 1) {
              const name = `s-${caller}-${worker}-${i}`;
              names.push(name);
              yield name;
              answered += 1;
            }
          })(),
        ),
      ),
    );
    const settings = (async () => {
      const answers: ChangeAnswer[] = [];
      const [client] = callers as [StateManagerClient];
      for (let i = 0; i < 60 && !over.signal.aborted; i += 1) {
        const targetState = i % 2 === 0 ? 'Running' : 'Paused';
        answers.push(await client.changeState({ kind: 'model', name: 'm', targetState, source: 'test' }));
      }
      return answers;
    })();
    try {
      await eventually(() => expect(answered).toBeGreaterThan(20));
      await replicas.end(leader, 'SIGKILL');
      const before = answered;
      await eventually(() => expect(answered).toBeGreaterThan(before + 50), 20_000);
    } finally {
      over.abort();
    }
    expect((await Promise.all(worlds)).flat()).toEqual([]);
    const client = connect([...replicas.all]);
    for (const name of names) {
      const { states, ids } = await historyOf(client, 'scenario', name);
      expect({ name, states }).toEqual({ name, states: CHAIN });
      expect(new Set(ids).size).toBe(CHAIN.length);
    }
    const answers = await settings;
    expect(answers.filter(({ accepted }) => !accepted)).toEqual([]);
    const { ids } = await historyOf(client, 'model', 'm');
    expect(ids).toEqual(answers.map(({ transitionId }) => transitionId));
  });

  it('reports keep their order, and the newest is what holds', async () => {
    replicas = await startReplicas(3);
    await replicas.define('p', ['m']);
    const leader = await replicas.leader();
    const client = connect([leader, ...others(leader)]);
    const pending: Promise<{ message: string }>[] = [];
    const send = (status: string): void => {
      const report = { node: 'n', containers: [container('m', 'm', status, { exitCode: 0 })] };
      pending.push(client.report(report));
    };
    for (let i = 0; i < 20; i += 1) send(i % 2 === 0 ? 'running' : 'paused');
    await Promise.race(pending);
    const killed = replicas.end(leader, 'SIGKILL');
    for (let i = 0; i < 20; i += 1) send(i % 2 === 0 ? 'running' : 'paused');
    send('exited');
    await killed;
    const answers = await Promise.all(pending);
    expect(answers.at(-1)?.message).toMatch(/^node n/);
    const { resource } = await client.states.getResource({ kind: 'model', name: 'm' });
    expect(resource?.state).toBe('Exited');
    expect(await replicas.etcd.get('/model/m/state')).toBe('Exited');
  });

  it('a watch goes on at another one and misses nothing', async () => {
    replicas = await startReplicas(3);
    const leader = await replicas.leader();
    const client = connect([leader, ...others(leader)]);
    const picture = new Map<string, string>();
    const types: Watched['type'][] = [];
    const over = new AbortController();
    const watching = (async () => {
      for await (const watched of client.watch({ kinds: ['scenario'] }, { signal: over.signal })) {
        types.push(watched.type);
        if (watched.type === 'snapshot') {
          picture.clear();
          for (const { name, state } of watched.resources) picture.set(name, state);
        }
        if (watched.type !== 'changes') continue;
        for (const { resource } of watched.events)
          if (resource !== undefined) picture.set(resource.name, resource.state);
      }
    })().catch((error: unknown) => error);
    await eventually(() => expect(types).toContain('snapshot'));
    expect(await walk(client, ['a', 'b'])).toEqual([]);
    const [killed, refused] = await Promise.all([replicas.end(leader, 'SIGKILL'), walk(client, ['c', 'd'])]);
    expect([killed, refused]).toEqual([undefined, []]);
    const expected = new Map(['a', 'b', 'c', 'd'].map((name) => [name, 'Completed']));
    await eventually(() => expect(picture).toEqual(expected));
    expect(types).toContain('lost');
    over.abort();
    expect(await watching).toMatchObject({ code: 'cancelled' });
  });
});

describe('a frozen replica', () => {
  it.each(['leader', 'follower'])('that is the %s is left within the deadline', async (role) => {
    replicas = await startReplicas(3);
    const leader = await replicas.leader();
    const frozen = role === 'leader' ? leader : replicas.other(leader);
    const client = connect([frozen, ...others(frozen)], { deadlineMs: 15_000 });
    const change = { kind: 'scenario', name: 's', source: 'test' } as const;
    await client.changeState({ ...change, targetState: 'Waiting' });
    const watch = client.watch({ kinds: ['scenario'] });
    expect((await watch.next()).value).toMatchObject({ type: 'snapshot' });
    frozen.service.signal('SIGSTOP');
    const fresh = connect([frozen, ...others(frozen)], { deadlineMs: 15_000 });
    const [held, begun, report] = await Promise.all([
      client.changeState({ ...change, targetState: 'Satisfied' }),
      fresh.changeState({ ...change, name: 'other', targetState: 'Waiting' }),
      fresh.report({ node: 'n', containers: [container('m', 'm', 'running')] }),
    ]);
    expect([held.accepted, begun.accepted]).toEqual([true, true]);
    expect(report.message).toMatch(/^node n/);
    for (let next = await watch.next(); next.value.type !== 'lost'; next = await watch.next());
    frozen.service.signal('SIGCONT');
    await frozen.service.waitForLog(({ msg }) => msg === 'following another StateManager').catch(() => undefined);
    const { states } = await historyOf(fresh, 'scenario', 's');
    expect(states).toEqual(['Waiting', 'Satisfied']);
    await watch.return(undefined as never);
  });
});

function others(than: Replicas['all'][number]): Replicas['all'] {
  return replicas.all.filter((replica) => replica !== than);
}
