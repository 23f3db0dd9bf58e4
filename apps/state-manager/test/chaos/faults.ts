import { setTimeout as sleep } from 'node:timers/promises';
import { LEADER_KEY } from '@statemanager/state-store';
import { readEtcd } from '../faults/etcd-gateway.ts';
import type { DirectedProxy } from '../kit/directed-proxy.ts';
import type { ChaosCluster, Place } from './cluster.ts';
import type { Fault, Scheduled, Whom } from './schedule.ts';

/** What a delay adds to each part of the data. A caller waits longer, so that nothing arrives after it gave up. */
const DELAY_MS = 300;

/** Does what a schedule says. */
export class Faults {
  readonly #cluster: ChaosCluster;
  readonly #underWay = new Set<Promise<void>>();
  #etcdIsBusy = false;
  /** How often each type happened; what found its victim busy did not. */
  readonly counts: Record<string, number> = {};

  constructor(cluster: ChaosCluster) {
    this.#cluster = cluster;
  }

  /** Resolves when everything has happened and is mended. Throws what could not be done. */
  async run(schedule: readonly Scheduled[]): Promise<void> {
    const began = performance.now();
    for (const { atMs, fault } of schedule) {
      await sleep(Math.max(0, began + atMs - performance.now()));
      const doing = this.#do(fault);
      this.#underWay.add(doing);
      // Whoever waits for all of them hears of a failure.
      doing.catch(() => undefined);
    }
    await Promise.all(this.#underWay);
  }

  async #do(fault: Fault): Promise<void> {
    switch (fault.type) {
      case 'kill':
        return this.#with(fault, fault.whom, async (place) => {
          await place.service?.kill();
          await sleep(fault.awayMs);
          await this.#cluster.start(place);
        });
      case 'pause':
        return this.#with(fault, fault.whom, async ({ service }) => {
          service?.signal('SIGSTOP');
          await sleep(fault.ms);
          service?.signal('SIGCONT');
        });
      case 'rolling restart':
        for (const whom of [0, 1, 2] as const) await this.#with(fault, whom, (place) => this.#restart(place));
        return;
      case 'etcd restart':
        return this.#restartMember(fault);
      case 'way':
        return this.#with(fault, fault.whom, async ({ way, etcdWays }) => {
          const ways = fault.way === 'to etcd' ? etcdWays : [way];
          for (const proxy of ways) disturb(proxy, fault);
          await sleep(fault.ms);
          for (const proxy of ways) proxy.heal();
        });
    }
  }

  async #restart(place: Place): Promise<void> {
    const code = await place.service?.stop();
    if (code !== 0) throw new Error(`${place.id} ended with ${code} when it was asked to stop`);
    await this.#cluster.start(place);
    await place.service?.waitForLog(({ msg }) => /^(leading|following): view loaded$/.test(msg ?? ''), 30_000);
  }

  /** One member at a time: two of three are what etcd needs. */
  async #restartMember({ member, awayMs, type }: Extract<Fault, { type: 'etcd restart' }>): Promise<void> {
    if (this.#etcdIsBusy) return;
    this.#etcdIsBusy = true;
    this.#count(type);
    const chosen = this.#cluster.etcd.members[member];
    await chosen?.kill();
    await sleep(awayMs);
    await chosen?.restart();
    this.#etcdIsBusy = false;
  }

  async #with({ type }: Fault, whom: Whom, act: (place: Place) => Promise<void>): Promise<void> {
    const place = whom === 'leader' ? await this.#leader() : this.#cluster.places[whom];
    if (place === undefined || place.isBusy) return;
    place.isBusy = true;
    this.#count(type);
    await act(place);
    place.isBusy = false;
  }

  async #leader(): Promise<Place | undefined> {
    for (const { endpoint } of this.#cluster.etcd.members) {
      const read = await readEtcd(endpoint, LEADER_KEY).catch(() => undefined);
      if (read === undefined) continue;
      const { id } = JSON.parse(read.contents.get(LEADER_KEY)?.value ?? '{}') as { id?: string };
      return this.#cluster.places.find((place) => place.id === id);
    }
    return undefined;
  }

  #count(type: string): void {
    this.counts[type] = (this.counts[type] ?? 0) + 1;
  }
}

function disturb(proxy: DirectedProxy, { disturbance, direction }: Extract<Fault, { type: 'way' }>): void {
  if (disturbance === 'cut') proxy.cut();
  else if (disturbance === 'delay') proxy.delay(direction, DELAY_MS);
  else proxy.hold(direction);
}
