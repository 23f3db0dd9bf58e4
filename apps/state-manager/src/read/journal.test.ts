import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { describe, expect, it } from 'vitest';
import { Journal, type JournalEntry } from './journal.ts';

type Detail = MessageInitShape<typeof v1.ResourceSchema>['detail'];

/** A commit that changed one resource. */
function commit(revision: number, detail?: Detail): JournalEntry {
  const resource = create(v1.ResourceSchema, { kind: 'model', name: `m${revision}`, ...(detail && { detail }) });
  return {
    revision,
    confirmation: false,
    events: [{ before: undefined, after: undefined, resource, transition: undefined }],
  };
}

const confirmation = (revision: number): JournalEntry => ({ ...commit(revision), confirmation: true });

function journalOf(maxCount: number, ...entries: readonly JournalEntry[]): Journal {
  const journal = new Journal(maxCount);
  journal.restart(0);
  for (const entry of entries) journal.append(entry);
  return journal;
}

/** What whoever resumes after a revision is still to see. */
function missed(journal: Journal, revision: number): readonly JournalEntry[] | undefined {
  const first = journal.after(revision);
  if (first === undefined) return undefined;
  return Array.from({ length: journal.end - first }, (_, i) => journal.at(first + i) as JournalEntry);
}

describe('where to go on', () => {
  const entries = [commit(3), commit(5), commit(8)];

  it.each([
    [0, [3, 5, 8]],
    [2, [3, 5, 8]],
    [3, [5, 8]],
    [4, [5, 8]],
    [7, [8]],
    [8, []],
  ])('after %i, %j is to come', (revision, expected) => {
    expect(missed(journalOf(100, ...entries), revision)?.map((entry) => entry.revision)).toEqual(expected);
  });

  it('repeats confirmations, which have the revision of the commit before them, and no commit', () => {
    const all = [commit(3), confirmation(3), confirmation(3), commit(4), confirmation(4)];
    const journal = journalOf(100, ...all);
    expect(missed(journal, 3)).toEqual(all.slice(1));
    expect(missed(journal, 4)).toEqual(all.slice(4));
  });
});

describe('what it forgets', () => {
  it('is the oldest, once there is a quarter more than it may hold', () => {
    const journal = journalOf(4, commit(1), commit(2), commit(3), commit(4), commit(5));
    expect(missed(journal, 0)).toHaveLength(5);
    journal.append(commit(6));
    expect([missed(journal, 1), missed(journal, 2)?.map(({ revision }) => revision)]).toEqual([
      undefined,
      [3, 4, 5, 6],
    ]);
  });

  it('is gone for whoever has not read it, and nothing moves for whoever has', () => {
    const journal = journalOf(4, commit(1), commit(2), commit(3));
    const third = journal.end - 1;
    for (const revision of [4, 5, 6]) journal.append(commit(revision));
    expect([journal.at(third - 1), journal.at(third)]).toEqual(['gone', commit(3)]);
    expect(journal.at(journal.end)).toBeUndefined();
  });

  it('is never the newest, however large that is', () => {
    const large = commit(2, { case: 'node', value: { models: Array.from({ length: 100 }, (_, i) => `m${i}`) } });
    const journal = journalOf(4, commit(1), large);
    expect(missed(journal, 1)).toEqual([large]);
    expect(missed(journal, 0)).toBeUndefined();
  });

  it.each<[string, Detail, number]>([
    ['a scenario', { case: 'scenario', value: { target: 'p' } }, 1],
    ['a package by its models', { case: 'package', value: { models: [{}, {}, {}] } }, 4],
    ['a node by its models', { case: 'node', value: { models: ['a', 'b'] } }, 3],
    ['a model by its nodes and containers', { case: 'model', value: { nodes: [{ containers: [{}, {}] }, {}] } }, 5],
  ])('is counted with what it shows: %s', (_, detail, count) => {
    const held = (maxCount: number): number | undefined => {
      const journal = journalOf(maxCount);
      for (let revision = 1; revision <= 10; revision += 1) journal.append(commit(revision, detail));
      return missed(journal, 0)?.length;
    };
    // Ten of them fit, with the quarter that it may hold more for a while, and one less would not do.
    expect([held(count * 8), held(count * 8 - 1)]).toEqual([10, undefined]);
  });

  it('is also a confirmation, and whoever saw its revision may not have seen it', () => {
    const entries = [commit(1), confirmation(1), confirmation(1), confirmation(1), commit(2), commit(3)];
    const journal = journalOf(4, ...entries);
    expect(missed(journal, 1)).toBeUndefined();
    expect(missed(journal, 2)).toEqual([commit(3)]);
    // If only the commit is forgotten, whoever saw it gets all that came after it.
    expect(missed(journalOf(5, ...entries, commit(4)), 1)).toBeUndefined();
    expect(missed(journalOf(4, commit(0), ...entries.slice(0, 5)), 1)).toEqual(entries.slice(1, 5));
  });

  it('is everything when it restarts, also for whoever had read to the end', () => {
    const journal = journalOf(4, commit(1), commit(2));
    const cursor = journal.end;
    journal.restart(7);
    expect(journal.at(cursor)).toBe('gone');
    expect([missed(journal, 6), missed(journal, 7)]).toEqual([undefined, []]);
    journal.append(commit(8));
    expect(missed(journal, 7)).toEqual([commit(8)]);
  });
});

describe('whoever waits', () => {
  const never = new AbortController().signal;
  const LONG_MS = 60_000;
  const all = (): boolean => true;

  it('goes on with the entry that it wants, and not before', async () => {
    const journal = journalOf(100, commit(1));
    const first = journal.end;
    const forAny = journal.changed(all, LONG_MS, never);
    const forThree = journal.changed(({ revision }) => revision === 3, LONG_MS, never);
    for (const revision of [2, 3, 4]) journal.append(commit(revision));
    expect([await forAny, await forThree]).toEqual([first, first + 1]);
  });

  it('is not behind for what it did not want, although that is forgotten', async () => {
    const journal = journalOf(4);
    const waiting = journal.changed(({ revision }) => revision === 50, LONG_MS, never);
    for (let revision = 1; revision <= 50; revision += 1) journal.append(commit(revision));
    expect(journal.at(await waiting)).toEqual(commit(50));
  });

  it('goes on when the journal restarts, and learns that something is gone', async () => {
    const journal = journalOf(4);
    const waiting = journal.changed(() => false, LONG_MS, never);
    journal.restart(1);
    expect(journal.at(await waiting)).toBe('gone');
  });

  it('goes on at the end when the time is up', async () => {
    const journal = journalOf(4);
    const began = performance.now();
    const waiting = journal.changed(() => false, 30, never);
    journal.append(commit(1));
    expect(await waiting).toBe(journal.end);
    expect(performance.now() - began).toBeGreaterThan(28);
  });

  it('goes on when it is to end, and does not begin to wait after that', async () => {
    const journal = journalOf(4);
    const ending = new AbortController();
    const waiting = journal.changed(all, LONG_MS, ending.signal);
    ending.abort();
    await waiting;
    await journal.changed(all, LONG_MS, ending.signal);
  });
});

describe('how far the slowest reader is behind', () => {
  it('is what it has not taken, and nothing once it has', () => {
    const journal = journalOf(100, commit(1), commit(2), commit(3));
    expect(journal.lag).toEqual({ entriesCount: 0, ageMs: 0 });
    const [slow, fast, done] = [journal.join(), journal.join(), journal.join()];
    slow.next = journal.end - 3;
    fast.next = journal.end - 1;
    done.next = undefined;
    expect(journal.lag.entriesCount).toBe(3);
    expect(journal.lag.ageMs).toBeGreaterThan(0);
    expect(journal.lag.ageMs).toBeLessThan(1000);
    journal.leave(slow);
    expect(journal.lag.entriesCount).toBe(1);
    fast.next = undefined;
    expect(journal.lag).toEqual({ entriesCount: 0, ageMs: 0 });
  });

  it('is no more than what is still there', () => {
    const journal = journalOf(4, commit(1), commit(2), commit(3), commit(4), commit(5));
    const place = journal.join();
    place.next = journal.end - 5;
    journal.append(commit(6));
    expect(journal.lag.entriesCount).toBe(4);
    journal.restart(6);
    expect(journal.lag).toEqual({ entriesCount: 0, ageMs: 0 });
  });
});
