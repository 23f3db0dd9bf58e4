import { describe, expect, it } from 'vitest';
import { change, randomFrom, report, reported } from '../../test/kit/engine.ts';
import { InputQueue, type Entry, type Ticket } from './input-queue.ts';

const ticket = (): Ticket<string> => ({ resolve: () => undefined, reject: () => undefined });

const namesOf = (entries: readonly Entry<string>[]): string[] =>
  entries.map(({ input }) =>
    input.type === 'report' ? input.node : input.type === 'change' ? input.name : input.type,
  );

describe('the input queue', () => {
  it('gives inputs in the order in which they came', () => {
    const queue = new InputQueue<string>(10);
    queue.add(change('a'), ticket());
    queue.add(report('n1'), ticket());
    queue.add(change('b'), ticket());
    expect(queue.size).toBe(3);
    expect(namesOf(queue.remove(() => true))).toEqual(['a', 'n1', 'b']);
    expect(queue.size).toBe(0);
    expect(queue.take()).toBeUndefined();
  });

  it('keeps one report a node: the newest, in its own place, with the callers of the older ones', () => {
    const queue = new InputQueue<string>(10);
    const [first, second, other] = [ticket(), ticket(), ticket()];
    queue.add(report('n1'), first);
    queue.add(report('n2'), other);
    const newest = queue.add(report('n1', reported('m', 'running')), second);
    expect(queue.size).toBe(2);
    expect(queue.supersededCount).toBe(1);
    expect([...newest.tickets]).toEqual([second, first]);
    expect(namesOf(queue.remove(() => true))).toEqual(['n2', 'n1']);
  });

  it('keeps the later of two reports of a node that come back together, with the callers of both', () => {
    const queue = new InputQueue<string>(10);
    const [first, second] = [ticket(), ticket()];
    queue.add(report('n1', reported('m', 'running')), first);
    const older = queue.take() as Entry<string>;
    queue.add(report('n1', reported('m', 'exited')), second);
    const newer = queue.take() as Entry<string>;
    queue.putBack([older, newer]);
    expect(queue.take()).toBe(newer);
    expect([...newer.tickets]).toEqual([second, first]);
    expect(queue.size).toBe(0);
  });

  it('lets a report that waited elsewhere take the place of older ones only', () => {
    const queue = new InputQueue<string>(10);
    const [newest, late, again] = [ticket(), ticket(), ticket()];
    const waiting = queue.add({ ...report('n1'), at: 100 }, newest);
    queue.add({ ...report('n1'), at: 90, held: true }, late);
    expect([...waiting.tickets]).toEqual([newest, late]);
    expect(queue.take()).toBe(waiting);
    queue.add({ ...report('n1'), at: 95, held: true }, again);
    queue.putBack([waiting]);
    expect(queue.take()).toBe(waiting);
    expect(waiting.tickets.size).toBe(3);
    expect(queue.size).toBe(0);
    queue.putBack([waiting]);
    const newer = queue.add({ ...report('n1'), at: 110, held: true }, ticket());
    expect(queue.take()).toBe(newer);
  });

  it('keeps the newer of two reports that come back together, where the later one had waited elsewhere', () => {
    const queue = new InputQueue<string>(10);
    const [first, second] = [ticket(), ticket()];
    queue.add({ ...report('n1'), at: 100 }, first);
    const newer = queue.take() as Entry<string>;
    queue.add({ ...report('n1'), at: 50, held: true }, second);
    const older = queue.take() as Entry<string>;
    queue.putBack([newer, older]);
    expect([queue.size, queue.reportsCount]).toEqual([1, 1]);
    expect(queue.take()).toBe(newer);
    expect([...newer.tickets]).toEqual([first, second]);
    expect(queue.concerns('n1')).toBe(false);
  });

  it('knows the order of what came straight here, whatever the clock says', () => {
    const queue = new InputQueue<string>(10);
    queue.add({ ...report('n1', reported('m', 'running')), at: 100 }, ticket());
    queue.holdReport('n1');
    const newest = queue.add({ ...report('n1', reported('m', 'exited')), at: 50 }, ticket());
    queue.holdReport('n1');
    queue.holdReport('n2');
    expect(queue.size).toBe(1);
    expect(queue.take()).toBe(newest);
    expect(newest.input).toMatchObject({ at: 50, held: true });
  });

  it('has the time of reports looked at that wait when the process leads no more', () => {
    const queue = new InputQueue<string>(10);
    queue.add(report('n1'), ticket());
    queue.holdReports();
    expect(queue.take()?.input).toMatchObject({ node: 'n1', held: true });
  });

  it('refuses changes when it is full, and neither reports nor what is ours', () => {
    const queue = new InputQueue<string>(2);
    queue.add(change('a'), ticket());
    queue.add(change('b'), ticket());
    expect(() => queue.add(change('c'), ticket())).toThrow(expect.objectContaining({ code: 'queue_full' }));
    queue.add(report('n1'), ticket());
    queue.add({ type: 'leading', packages: [], at: 1 }, ticket());
    expect(queue.size).toBe(4);
    queue.take();
    queue.add(change('c'), ticket());
    expect(() => queue.add(change('d'), ticket())).toThrow(expect.objectContaining({ code: 'queue_full' }));
  });

  it('gives the room of a withdrawn change back, once', () => {
    const queue = new InputQueue<string>(1);
    const entry = queue.add(change('a'), ticket());
    expect(queue.withdraw(entry)).toBe(true);
    expect(queue.withdraw(entry)).toBe(false);
    queue.add(change('b'), ticket());
    expect(() => queue.add(change('c'), ticket())).toThrow(expect.objectContaining({ code: 'queue_full' }));
  });

  it('does not give up what was taken, or what a newer report replaced', () => {
    const queue = new InputQueue<string>(10);
    const taken = queue.add(change('a'), ticket());
    queue.take();
    expect(queue.withdraw(taken)).toBe(false);
    const older = queue.add(report('n1'), ticket());
    queue.add(report('n1'), ticket());
    expect(queue.withdraw(older)).toBe(false);
    expect(queue.size).toBe(1);
  });

  it('takes inputs back at the front, in their order', () => {
    const queue = new InputQueue<string>(10);
    for (const name of ['a', 'b', 'c']) queue.add(change(name), ticket());
    const taken = [queue.take(), queue.take()].filter((entry) => entry !== undefined);
    queue.add(change('d'), ticket());
    queue.putBack(taken);
    const [first] = taken;
    expect(first && queue.withdraw(first)).toBe(true);
    expect(namesOf(queue.remove(() => true))).toEqual(['b', 'c', 'd']);
  });

  it('counts changes that were put back among those that wait', () => {
    const queue = new InputQueue<string>(2);
    queue.add(change('a'), ticket());
    const entry = queue.take();
    queue.putBack(entry === undefined ? [] : [entry]);
    queue.add(change('b'), ticket());
    expect(() => queue.add(change('c'), ticket())).toThrow(expect.objectContaining({ code: 'queue_full' }));
  });

  it('does not put a report back that a newer one of its node has replaced: its callers wait for that one', () => {
    const queue = new InputQueue<string>(10);
    const [older, newer] = [ticket(), ticket()];
    queue.add(report('n1'), older);
    const taken = queue.take();
    const waiting = queue.add(report('n1', reported('m', 'running')), newer);
    queue.putBack(taken === undefined ? [] : [taken]);
    expect(queue.size).toBe(1);
    expect(queue.take()).toBe(waiting);
    expect([...waiting.tickets]).toEqual([newer, older]);
    expect(taken?.tickets.size).toBe(0);
  });

  it('lets a newer report replace one that was put back', () => {
    const queue = new InputQueue<string>(10);
    queue.add(report('n1'), ticket());
    const taken = queue.take();
    queue.putBack(taken === undefined ? [] : [taken]);
    const newer = queue.add(report('n1'), ticket());
    expect(queue.remove(() => true)).toEqual([newer]);
  });

  it('wakes whoever waits for an input, also when one comes back, and when the signal aborts', async () => {
    const queue = new InputQueue<string>(10);
    const stop = new AbortController();
    const added = queue.waiting(stop.signal);
    queue.add(change('a'), ticket());
    await added;
    await queue.waiting(stop.signal);
    const entry = queue.take();
    const returned = queue.waiting(stop.signal);
    queue.putBack(entry === undefined ? [] : [entry]);
    await returned;
    queue.take();
    const aborted = queue.waiting(stop.signal);
    stop.abort();
    await aborted;
    await queue.waiting(stop.signal);
    expect(queue.size).toBe(0);
  });

  it('knows which nodes it concerns, whatever comes and goes', () => {
    const random = randomFrom(7);
    const queue = new InputQueue<string>(1000);
    const taken: Entry<string>[] = [];
    const nodes = ['n1', 'n2', 'n3'];
    const node = (): string => nodes[Math.floor(random() * nodes.length)] as string;
    for (let i = 0; i < 5000; i += 1) {
      const pick = random();
      if (pick < 0.2) queue.add(report(node()), ticket());
      else if (pick < 0.4) queue.add({ ...report(node()), at: Math.floor(random() * 10), held: true }, ticket());
      else if (pick < 0.5) queue.add({ type: 'node-forgotten', node: node(), source: 'test', at: 1 }, ticket());
      else if (pick < 0.55) queue.add(change(`s${i}`), ticket());
      else if (pick < 0.8) taken.push(...[queue.take()].filter((entry) => entry !== undefined));
      else if (pick < 0.9) queue.putBack(taken.splice(0));
      else if (pick < 0.95) queue.remove(({ input }) => input.type === 'report' && random() < 0.5);
      else taken.length = 0;
      const waiting = queue.remove(() => true);
      queue.putBack(waiting);
      const concerned = new Set(waiting.map(({ input }) => ('node' in input ? input.node : undefined)));
      expect(nodes.map((name) => queue.concerns(name))).toEqual(nodes.map((name) => concerned.has(name)));
    }
  });
});
