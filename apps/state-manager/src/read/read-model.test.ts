import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { change, defined, report, reported } from '../../test/kit/engine.ts';
import { watchModel, type WatchedModel } from '../../test/watch/watched-model.ts';
import { MAX_ANSWER_BYTES, sizeOf } from './answer-size.ts';
import { IDLE_STATUS } from '../../test/kit/reading.ts';
import type { JournalEntry } from './journal.ts';
import { ReadModel } from './read-model.ts';

let watched: WatchedModel;

beforeEach(async () => {
  watched = await watchModel();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await watched.stop();
});

const FORGOTTEN = { type: 'node-forgotten', node: 'n', source: 'test', at: 5 } as const;

/** What is written to the journal while something is done. */
async function written(act: () => Promise<unknown>): Promise<readonly JournalEntry[]> {
  const end = watched.model.beginWatch();
  const from = watched.model.journal.end;
  await act();
  const entries = watched.entriesFrom(from);
  end();
  return entries;
}

const inWords = ({ events }: JournalEntry): readonly string[] =>
  events.map(({ before, after, resource, transition }) =>
    [
      `${resource.kind}/${resource.name}`,
      before === undefined ? 'new' : after === undefined ? 'gone' : 'changed',
      ...(transition ? [`${transition.from ?? ''}→${transition.to ?? ''}`] : []),
    ].join(' '),
  );

describe('the journal', () => {
  it('is written while somebody watches, and for as long after that as watches may come back', async () => {
    await watched.stop();
    watched = await watchModel({ resumeWithinMs: 1000 });
    const now = vi.spyOn(performance, 'now').mockReturnValue(5000);
    const { journal } = watched.model;
    const writes = async (name: string): Promise<boolean> => {
      const before = journal.end;
      await watched.manager.submit(change(name));
      return journal.end > before;
    };
    expect(await writes('a')).toBe(false);
    const [end, endOther] = [watched.model.beginWatch(), watched.model.beginWatch()];
    end();
    // The second call counts nothing.
    end();
    now.mockReturnValue(9000);
    expect(await writes('b')).toBe(true);
    endOther();
    now.mockReturnValue(9999);
    expect(await writes('c')).toBe(true);
    now.mockReturnValue(10_001);
    expect(await writes('d')).toBe(false);
  });

  it('knows nothing of the time when nobody watched', async () => {
    const { model, manager } = watched;
    model.beginWatch()();
    const seen = model.present?.revision ?? 0;
    expect(model.journal.after(seen)).toBeDefined();
    await manager.submit(change('a'));
    model.beginWatch()();
    expect(model.journal.after(seen)).toBeUndefined();
    expect(model.journal.after(model.present?.revision ?? 0)).toBe(model.journal.end);
  });

  it('tells of very many nodes that are heard, or fall silent, at once in portions that any client takes', async () => {
    await watched.stop();
    watched = await watchModel({ journalCount: 1_000_000 });
    const { model, manager } = watched;
    const nodes = Array.from({ length: 300 }, (_, i) => `n${i}`);
    for (const node of nodes) {
      const models = Array.from({ length: 40 }, (_, i) => `${node}-m${i}`);
      await manager.submit(report(node, ...models.map((name) => reported(name, 'running'))));
    }
    await watched.leadAgain();
    const portions = async (act: () => void): Promise<readonly JournalEntry[]> => written(() => Promise.resolve(act()));
    const heard = await portions(() => model.onHeard(nodes.map((node) => ({ node, at: 1 }))));
    const silent = await portions(() => model.forgetHeard(nodes));
    for (const entries of [heard, silent]) {
      expect(entries.length).toBeGreaterThan(2);
      expect(entries.flatMap(({ events }) => events)).toHaveLength(300 * 41);
      for (const { events, confirmation } of entries) {
        expect(confirmation).toBe(true);
        const bytes = events.reduce((sum, { resource }) => sum + sizeOf(resource), 0);
        expect(bytes).toBeLessThan(MAX_ANSWER_BYTES * 1.1);
      }
    }
  });

  it('does not claim to know a confirmation that nobody watched, although it has no revision of its own', async () => {
    const { model, manager } = watched;
    const word = report('n', reported('m', 'running'));
    await manager.submit(word);
    await watched.leadAgain();
    const seen = model.present?.revision ?? 0;
    await watched.manager.submit(word);
    expect(model.present?.revision).toBe(seen);
    model.beginWatch()();
    expect(model.journal.after(seen)).toBeUndefined();
  });
});

describe('what a commit changes', () => {
  it('is new, changed or gone, with the facts before and after', async () => {
    const [made] = await written(() => watched.manager.submit(report('n', reported('m', 'running'))));
    expect(made && inWords(made)).toEqual(['model/m new →Running', 'node/n new']);
    const [moved] = await written(() => watched.manager.submit(report('n', reported('m', 'exited', 1))));
    expect(moved && inWords(moved)).toEqual(['model/m changed Running→Dead', 'node/n changed']);
    expect(moved?.events[0]).toMatchObject({ before: { state: 'Running' }, after: { state: 'Dead' } });
    const [gone] = await written(() => watched.manager.submit(FORGOTTEN));
    expect(gone && inWords(gone)).toEqual(['model/m gone Dead→', 'node/n gone']);
  });

  it('is shown as it was before if it is gone', async () => {
    await watched.manager.submit(report('n', reported('m', 'exited', 137)));
    const [gone] = await written(() => watched.manager.submit(FORGOTTEN));
    expect(gone?.events.map(({ resource }) => resource)).toMatchObject([
      {
        kind: 'model',
        state: 'Dead',
        generation: 1n,
        stale: false,
        detail: { value: { nodes: [{ node: 'n', containers: [{ exitCode: 137 }] }] } },
      },
      { kind: 'node', stale: false, detail: { value: { models: ['m'] } } },
    ]);
  });

  it('is in the order in which it happened, also where a resource moves twice', async () => {
    await watched.manager.submit(defined('p', ['a', 'b']));
    await watched.manager.submit(report('n1', reported('a', 'running')));
    await watched.manager.submit(report('n2', reported('b', 'running')));
    const entries = await written(() =>
      Promise.all([
        watched.manager.submit(report('n1', reported('a', 'exited', 1))),
        watched.manager.submit(report('n2', reported('b', 'exited', 1))),
      ]),
    );
    expect(entries.map(inWords)).toEqual([
      [
        'model/a changed Running→Dead',
        'package/p changed Running→Degraded',
        'model/b changed Running→Dead',
        'package/p changed Degraded→Error',
        'node/n1 changed',
        'node/n2 changed',
      ],
    ]);
  });

  it('is also what shows it: models that a definition names, and packages that a scenario targets', async () => {
    const [named] = await written(() => watched.manager.submit(defined('p', ['a', 'b'])));
    expect(named && inWords(named)).toEqual(['package/p new →Idle', 'model/a new', 'model/b new']);
    const targeting = {
      type: 'scenario-defined',
      name: 's',
      target: 'p',
      action: 'launch',
      revision: 9,
      at: 1,
    } as const;
    const [targeted] = await written(() => watched.manager.submit(targeting));
    expect(targeted && inWords(targeted)).toEqual(['scenario/s new', 'package/p changed']);
    const [, onPackage] = targeted?.events ?? [];
    expect(onPackage?.resource.detail.value).toMatchObject({ scenarios: ['s'] });
  });

  it('is told of a package when the containers of its model change, and of no other', async () => {
    await watched.manager.submit(defined('p', ['m']));
    await watched.manager.submit(defined('q', ['other']));
    await watched.manager.submit(report('n', reported('m', 'running')));
    const two = [reported('m', 'running'), { ...reported('m', 'running'), name: 'second' }];
    const [entry] = await written(() => watched.manager.submit(report('n', ...two)));
    expect([...(entry ? inWords(entry) : [])].sort()).toEqual([
      'model/m changed',
      'node/n changed',
      'package/p changed',
    ]);
  });
});

describe('a node’s first report after a restart', () => {
  const words = ['n1', 'n2', 'n3'].map((node) => report(node, reported(`m-${node}`, 'running')));

  beforeEach(async () => {
    await watched.manager.submit(defined('p', ['m-n1', 'm-n2']));
    for (const word of words) await watched.manager.submit(word);
    await watched.leadAgain();
  });

  it('confirms it, its models and their packages, in an entry that is no commit', async () => {
    const [first] = await written(() => watched.manager.submit(report('n1', reported('m-n1', 'running'))));
    expect(first).toMatchObject({ revision: watched.model.present?.revision, confirmation: true });
    expect(first?.events.map(({ before, after }) => [after?.name, before?.stale, after?.stale])).toEqual([
      // The package rests on another node as well.
      ['p', true, true],
      ['m-n1', true, false],
      ['n1', true, false],
    ]);
    const [second] = await written(() => watched.manager.submit(report('n2', reported('m-n2', 'running'))));
    expect(second?.events[0]).toMatchObject({ before: { stale: true }, after: { name: 'p', stale: false } });
    expect(second?.events[0]?.resource.stale).toBe(false);
  });

  it('says so once, however often it is heard', async () => {
    const entries = await written(async () => {
      for (let i = 0; i < 3; i += 1) await watched.manager.submit(words[0] ?? expect.fail());
    });
    expect(entries).toHaveLength(1);
  });

  it('says so of all that were heard at once', async () => {
    const [entry] = await written(() => {
      watched.model.onHeard(words.map(({ node }) => ({ node, at: 7 })));
      return Promise.resolve();
    });
    expect(entry?.events.map(({ after }) => `${after?.name} ${after?.stale}`)).toEqual([
      'p false',
      ...['m-n1', 'm-n2', 'm-n3', 'n1', 'n2', 'n3'].map((name) => `${name} false`),
    ]);
    expect(watched.model.presence.heardAt('n2')).toBe(7);
  });

  it('does both if it says something new', async () => {
    const entries = await written(() => watched.manager.submit(report('n1', reported('m-n1', 'exited', 1))));
    expect(entries.map(({ confirmation }) => confirmation)).toEqual([true, false]);
    expect(entries[1]?.events.find(({ after }) => after?.name === 'm-n1')).toMatchObject({
      before: { state: 'Running', stale: false },
      after: { state: 'Dead', stale: false },
    });
  });
});

describe('the read model', () => {
  it('shows nothing until a view is loaded', () => {
    const model = new ReadModel({ journalCount: 1, resumeWithinMs: 0, reconcileStatus: IDLE_STATUS });
    expect([model.present, model.copy(), model.view]).toEqual([undefined, undefined, undefined]);
  });

  it('goes on showing what it knows when a term has ended', async () => {
    await watched.manager.submit(change('a'));
    await watched.manager.stop(1000);
    expect(watched.model.present?.entries.scenario.size).toBe(1);
  });

  it('keeps a copy as it was', async () => {
    await watched.manager.submit(change('a'));
    const copy = watched.model.copy();
    await watched.manager.submit(change('b'));
    expect([copy?.entries.scenario.size, watched.model.present?.entries.scenario.size]).toEqual([1, 2]);
  });

  it('waits until the view is as wanted, or the time is up', async () => {
    const there = watched.model.until((view) => view.record('scenario', 'a') !== undefined, 10_000);
    await watched.manager.submit(change('a'));
    expect(await there).toBe(true);
    expect(await watched.model.until(() => false, 10)).toBe(false);
  });
});
