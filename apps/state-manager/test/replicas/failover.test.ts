import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { container } from '../kit/peer.ts';
import { startReplicas, type Replicas } from '../kit/fleet-of-replicas.ts';
import { connectWatcher } from '../watch/watch-client.ts';

let replicas: Replicas;

afterEach(() => replicas.stop());

const dead = (model: string) => [container(model, model, 'exited', { exitCode: 1 })];

describe('when the leader is gone', () => {
  it('calls wait for the next one and are answered by it', async () => {
    replicas = await startReplicas(2);
    const leader = await replicas.leader();
    const follower = replicas.other(leader);
    await replicas.define('p', ['m']);
    await replicas.end(leader, 'SIGKILL');
    const [changed, reported] = await Promise.all([
      follower.peer.change({ resource_name: 's', target_state: 'idle' }),
      follower.peer.report('n', dead('m')),
    ]);
    expect(changed).toMatchObject({ error_code: 'ERROR_CODE_SUCCESS' });
    expect(reported).toEqual({ resp: 'node n: 2 transitions' });
    expect(await follower.api.get('package', 'p')).toMatchObject({ state: 'Error' });
  });

  it('whoever waits too long hears when to try again, and a report is kept until somebody leads', async () => {
    replicas = await startReplicas(2, ['--answer-within-ms', '200', '--lease-ttl-seconds', '4']);
    const leader = await replicas.leader();
    const follower = replicas.other(leader);
    await replicas.end(leader, 'SIGKILL');
    const failed = (await follower.peer
      .change({ resource_name: 's', target_state: 'idle' })
      .catch((error: unknown) => error)) as grpc.ServiceError;
    expect(failed.code).toBe(grpc.status.UNAVAILABLE);
    expect(failed.details).toMatch(/within 200 ms \(--answer-within-ms\)/);
    expect(failed.metadata.get('grpc-retry-pushback-ms')).toEqual(['1000']);
    await expect(follower.peer.report('n', dead('m'))).rejects.toMatchObject({
      code: grpc.status.UNAVAILABLE,
      details: expect.stringContaining('stays queued') as string,
    });
    await eventually(async () => expect(await replicas.etcd.get('/model/m/state')).toBe('Dead'));
    expect(await replicas.etcd.get('/scenario/s/state')).toBeUndefined();
  });

  it('reconciles go on where they were, with the same ids, and watches without a gap', async () => {
    replicas = await startReplicas(2, ['--reconcile-heal-ms', '500', '--reconcile-initial-backoff-ms', '200']);
    const leader = await replicas.leader();
    const follower = replicas.other(leader);
    await replicas.define('p', ['m']);
    const watcher = connectWatcher(follower.service.address);
    const watch = watcher.watch({ kinds: ['package'] }, '0');
    await watch.next(({ message }) => message === 'snapshot');
    await leader.peer.report('n', dead('m'));
    const ids = (): Set<unknown> =>
      new Set(replicas.controller.of('Reconcile').map(({ metadata }) => JSON.stringify(metadata)));
    await eventually(() => expect(replicas.controller.of('Reconcile').length).toBeGreaterThan(0));
    const before = replicas.controller.of('Reconcile').length;
    await replicas.end(leader, 'SIGTERM');
    await eventually(() => expect(replicas.controller.of('Reconcile').length).toBeGreaterThan(before));
    const idOf = (json: unknown): unknown =>
      (JSON.parse(String(json)) as Record<string, unknown>)['statemanager-intent-id'] ?? json;
    expect(new Set([...ids()].map(idOf)).size).toBe(1);
    await follower.peer.report('n', [container('m', 'm', 'running')]);
    await watch.next(({ changes }) => changes?.events.some(({ resource }) => resource.state === 'Running') ?? false);
    watcher.close();
  });

  it('hands over at once when it is asked to stop, and nobody’s call fails', async () => {
    replicas = await startReplicas(3);
    const leader = await replicas.leader();
    const follower = replicas.other(leader);
    const failures: string[] = [];
    let answered = 0;
    const over = new AbortController();
    const calling = (async () => {
      for (let i = 0; !over.signal.aborted && failures.length === 0; i += 1) {
        await follower.peer.change({ resource_name: `s${i}`, target_state: 'idle' }, 5000).then(
          () => (answered += 1),
          (error: grpc.ServiceError) => failures.push(error.message),
        );
      }
    })();
    try {
      await eventually(() => expect(answered).toBeGreaterThan(20));
      await replicas.end(leader, 'SIGTERM');
      const before = answered;
      await eventually(() => expect(answered).toBeGreaterThan(before + 20));
    } finally {
      over.abort();
      await calling;
    }
    expect(failures).toEqual([]);
  });
});

describe('a leader that was frozen for longer than its lease', () => {
  it('commits nothing when it wakes up, and has what it was asked done by the one that leads', async () => {
    replicas = await startReplicas(2);
    const old = await replicas.leader();
    const next = replicas.other(old);
    await replicas.define('p', ['m', 'm2']);
    await old.peer.report('n', [container('m', 'm', 'running')]);
    old.service.signal('SIGSTOP');
    // Asked of the frozen one: a report whose caller has given up, one whose caller waits, and a change.
    await expect(old.peer.report('n', dead('m'), 100)).rejects.toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED });
    const waiting = old.peer.report('n2', dead('m2'));
    const changing = old.peer.change({
      resource_name: 's',
      target_state: 'idle',
      transition_id: 'asked-of-the-frozen',
    });
    await eventually(async () => expect((await replicas.leader()).id).toBe(next.id));
    // What the node says to the new leader is newer than what it told the frozen one.
    await next.peer.report('n', [container('m', 'm', 'paused')]);
    old.service.signal('SIGCONT');
    await old.service.waitForLog(({ msg, leader }) => msg === 'following another StateManager' && leader === next.id);
    expect(await waiting).toMatchObject({ resp: expect.stringMatching(/^node n2: /) as string });
    expect(await changing).toMatchObject({ error_code: 'ERROR_CODE_SUCCESS', transition_id: 'asked-of-the-frozen' });
    expect((await replicas.leader()).id).toBe(next.id);
    expect(await pastOf('model', 'm')).toEqual(['1 Running', '2 Paused']);
    expect(await pastOf('model', 'm2')).toEqual(['1 Dead']);
    expect(await pastOf('package', 'p')).toEqual(['1 Idle', '2 Running', '3 Degraded']);
    expect(await pastOf('scenario', 's')).toEqual(['1 Idle']);
    // Whatever was committed since, the new leader did: it says so in its log, and the old one says nothing.
    const before = old.service.logs.findIndex(({ msg }) => msg === 'following another StateManager');
    expect(old.service.logs.slice(before).filter(({ msg }) => msg === 'leading: view loaded')).toEqual([]);
    await eventually(async () => expect(await old.api.get('model', 'm')).toMatchObject({ state: 'Paused' }));
  });

  /** Each generation of a resource and the state that it led to, as etcd has them. */
  async function pastOf(kind: string, name: string): Promise<readonly string[]> {
    const entries = await replicas.etcd.list(`/statemanager/history/${kind}/${name}/`);
    const past = [...entries.values()].map((text) => JSON.parse(text) as { generation: number; to: string });
    return past.sort((a, b) => a.generation - b.generation).map(({ generation, to }) => `${generation} ${to}`);
  }
});
