import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { change, report, reported } from '../../test/kit/engine.ts';
import { IDLE_STATUS } from '../../test/kit/reading.ts';
import { watchModel, type WatchedModel } from '../../test/watch/watched-model.ts';
import { AS_MESSAGES } from './changes.ts';
import { readFilter } from './filter.ts';
import { ReadModel } from './read-model.ts';
import { watch as watchOf, WatchEndedError } from './watch.ts';

let watched: WatchedModel;

/** Instead of the one that there is. */
const start = async (options: Parameters<typeof watchModel>[0] = {}): Promise<void> => {
  await watched.stop();
  watched = await watchModel({ resumeWithinMs: 60_000, ...options });
};

beforeEach(async () => {
  watched = await watchModel({ resumeWithinMs: 60_000 });
});
afterEach(() => watched.stop());

const submit = (...args: Parameters<WatchedModel['manager']['submit']>): Promise<unknown> =>
  watched.manager.submit(...args);
const revision = (): number => watched.model.present?.revision ?? 0;
const model = (name: string, status: string): Promise<unknown> => submit(report(`n-${name}`, reported(name, status)));

describe('a watch', () => {
  it('begins with a snapshot in parts, in the order of a listing, all of one revision', async () => {
    for (const name of ['s2', 's1', 's3']) await submit(change(name));
    await model('m', 'running');
    const at = revision();
    const watch = watched.watch({}, 0, { partCount: 2 });
    expect(await watch.said()).toBe(`snapshot@${at} scenario/s1 scenario/s2 part`);
    await submit(change('s4'));
    await submit(change('s1', { targetState: 'waiting', source: 'filtergateway', transitionId: 't2' }));
    expect([await watch.said(), await watch.said()]).toEqual([
      `snapshot@${at} scenario/s3 model/m part`,
      `snapshot@${at} node/n-m complete`,
    ]);
    expect([await watch.said(), await watch.said()]).toEqual([
      `changes@${at + 1} PUT scenario/s4 -→Idle`,
      `changes@${at + 2} PUT scenario/s1 Idle→Waiting`,
    ]);
  });

  it('says that a snapshot is complete also when nothing is in it', async () => {
    expect(await watched.watch({ kinds: ['model'] }).said()).toBe(`snapshot@${revision()} complete`);
  });

  it('goes on after a revision without a snapshot, and says at once that it can', async () => {
    await watched.watch({}).next();
    const at = revision();
    await model('a', 'running');
    await model('b', 'running');
    const watch = watched.watch({ kinds: ['model'] }, at);
    expect([await watch.said(), await watch.said(), await watch.said()]).toEqual([
      `bookmark@${at}`,
      `changes@${at + 1} PUT model/a -→Running`,
      `changes@${at + 2} PUT model/b -→Running`,
    ]);
  });

  it('says how far it is, also while all that happens does not concern it', async () => {
    const watch = watched.watch({ kinds: ['scenario'] }, 0, { bookmarkMs: 100 });
    await watch.next();
    let stopped = false;
    const busy = (async () => {
      for (let i = 0; !stopped; i += 1) {
        await model('m', i % 2 === 0 ? 'running' : 'paused');
        await nextTurn();
      }
    })();
    const began = performance.now();
    const before = revision();
    const { message, revision: at } = await watch.next();
    stopped = true;
    await busy;
    expect([message.case, Number(at)]).toEqual(['bookmark', expect.any(Number)]);
    expect(Number(at)).toBeGreaterThan(before);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('says how far it is while nothing happens, again and again', async () => {
    const watch = watched.watch({}, 0, { bookmarkMs: 20 });
    await watch.next();
    const at = revision();
    expect([await watch.said(), await watch.said()]).toEqual([`bookmark@${at}`, `bookmark@${at}`]);
  });

  it('does not say that a commit concerns it whose changes do not', async () => {
    const watch = watched.watch({ kinds: ['model'], states: ['Paused'] });
    await watch.next();
    await model('m', 'running');
    await model('m', 'paused');
    await model('m', 'running');
    await model('m', 'exited');
    await model('m', 'paused');
    expect(
      [await watch.said(), await watch.said(), await watch.said()].map((said) => said.replace(/@\d+/, '')),
    ).toEqual([
      'changes PUT model/m Running→Paused',
      'changes LEFT model/m Paused→Running',
      'changes PUT model/m Exited→Paused',
    ]);
  });
});

describe('a gap is said', () => {
  it('when the journal has forgotten what a slow reader has not read', async () => {
    await start({ journalCount: 4 });
    const watch = watched.watch({ kinds: ['scenario'] });
    await watch.next();
    for (let i = 0; i < 10; i += 1) await submit(change(`s${i}`));
    expect([await watch.said(), await watch.said()]).toEqual([
      `resync@${revision()} this watch was too slow, or the view was loaded again: changes were missed`,
      `snapshot@${revision()} ${Array.from({ length: 10 }, (_, i) => `scenario/s${i}`).join(' ')} complete`,
    ]);
    await submit(change('t'));
    expect(await watch.said()).toBe(`changes@${revision()} PUT scenario/t -→Idle`);
  });

  it.each([
    ['from the future', 1_000_000, /revision 1000000 is not there yet: the store is at \d+/],
    ['that is not known any more', 1, /what came after revision 1 is not known any more/],
  ])('after a revision %s', async (_, after, reason) => {
    await model('m', 'running');
    const watch = watched.watch({ kinds: ['model'] }, after);
    expect(await watch.said()).toMatch(reason);
    expect(await watch.said()).toBe(`snapshot@${revision()} model/m complete`);
  });

  it('when another term began while the reader took its time', async () => {
    await model('m', 'running');
    const watch = watched.watch({ kinds: ['model'] });
    await watch.next();
    await watched.leadAgain();
    const [said, { message }] = [await watch.said(), await watch.next()];
    expect(said).toMatch(/^resync@\d+ this watch was too slow, or the view was loaded again/);
    // Nobody has been heard in this term, which nothing but a new snapshot tells.
    expect(message.value).toMatchObject({ resources: [{ name: 'm', stale: true }], complete: true });
  });
});

describe('a watch ends', () => {
  it('with an error when no view is loaded', async () => {
    const model = new ReadModel({ journalCount: 1, resumeWithinMs: 0, reconcileStatus: IDLE_STATUS });
    const settings = { reconcileStatus: IDLE_STATUS, bookmarkMs: 60_000, partCount: 500 };
    const filter = readFilter(create(v1.ResourceFilterSchema, {}));
    const messages = watchOf(model, filter, 0, settings, AS_MESSAGES, new AbortController().signal);
    await expect(messages.next()).rejects.toThrow(WatchEndedError);
  });

  it('when it is told to, at once', async () => {
    const watch = watched.watch({});
    await watch.next();
    const next = watch.next();
    watch.abort();
    await expect(next).rejects.toThrow('the watch ended');
  });

  it('and costs nothing any more, also while its reader has not taken its last message', async () => {
    await start({ resumeWithinMs: 0 });
    const watch = watched.watch({});
    await watch.next();
    const { journal } = watched.model;
    await submit(change('a'));
    const end = journal.end;
    watch.abort();
    await submit(change('b'));
    expect(journal.end).toBe(end);
  });
});
