import { create, toBinary } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { change, defined, report, reported } from '../../test/kit/engine.ts';
import { IDLE_STATUS, startReading, type Reading } from '../../test/kit/reading.ts';
import { FieldError } from './field-error.ts';
import { readFilter } from './filter.ts';
import { Pages, type Page } from './pages.ts';

type Asked = Partial<Pick<v1.ResourceFilter, 'kinds' | 'states' | 'namePrefix' | 'package' | 'stale'>>;

const name = ({ kind, name: of }: v1.Resource): string => `${kind}/${of}`;

describe('a listing in pages', () => {
  let reading: Reading;
  let pages: Pages;

  beforeEach(async () => {
    reading = await startReading();
    pages = new Pages();
  });

  afterEach(async () => {
    vi.useRealTimers();
    await reading.stop();
    await reading.store.close();
  });

  function page(asked: Asked = {}, pageSize = 3, pageToken = ''): Page {
    const filter = create(v1.ResourceFilterSchema, asked);
    const request = { pageSize, pageToken };
    return pages.read(reading.picture(), request, readFilter(filter), JSON.stringify(asked), IDLE_STATUS);
  }

  /** All pages, with something done after each. */
  async function all(asked: Asked = {}, pageSize = 3, between?: (i: number) => Promise<unknown>): Promise<Page[]> {
    const read = [page(asked, pageSize)];
    for (let i = 0; read.at(-1)?.nextPageToken !== ''; i += 1) {
      await between?.(i);
      read.push(page(asked, pageSize, read.at(-1)?.nextPageToken));
      expect(read.length).toBeLessThan(100);
    }
    return read;
  }

  const namesOf = (read: readonly Page[]): string[] => read.flatMap(({ resources }) => resources.map(name));
  const refused = (token: string, asked: Asked = {}): unknown => {
    try {
      return page(asked, 3, token);
    } catch (error) {
      return error instanceof FieldError ? `${error.field}: ${error.problem}` : error;
    }
  };

  /** Two scenarios, three packages, six models (one only named) and two nodes. */
  async function fill(): Promise<void> {
    await reading.manager.submit(change('s2'));
    await reading.manager.submit(change('s1'));
    await reading.manager.submit(defined('p1', ['a1', 'a2'], 1));
    await reading.manager.submit(defined('p10', ['a10', 'b'], 2));
    await reading.manager.submit(defined('q', [], 3));
    await reading.manager.submit(report('n2', reported('c', 'exited', 1), reported('a1', 'running')));
    await reading.manager.submit(report('n1', reported('a2', 'running'), reported('a10', 'running')));
    await reading.manager.submit(report('n1', reported('a2', 'running'), reported('a10', 'exited', 9)));
  }

  const EVERYTHING = [
    ...['scenario/s1', 'scenario/s2', 'package/p1', 'package/p10', 'package/q'],
    ...['model/a1', 'model/a10', 'model/a2', 'model/b', 'model/c', 'node/n1', 'node/n2'],
  ];

  it.each([1, 2, 3, 5, 11, 12, 13, 1000])('gives everything once, by kind and name, %i a page', async (size) => {
    await fill();
    const read = await all({}, size);
    expect(namesOf(read)).toEqual(EVERYTHING);
    for (const { resources } of read.slice(0, -1)) expect(resources).toHaveLength(size);
    expect(read).toHaveLength(Math.ceil(EVERYTHING.length / size));
  });

  it('ends a page at about 2 MiB, however few that are, and each page fits where 4 MiB do', async () => {
    const models = Array.from({ length: 1000 }, (_, i) => `model-${'x'.repeat(100)}-${i}`);
    const packages = Array.from({ length: 30 }, (_, i) => `p${String(i).padStart(2, '0')}`);
    for (const [i, packageName] of packages.entries()) {
      await reading.manager.submit(defined(packageName, models, i + 1));
    }
    const read = await all({ kinds: ['package'] }, 1000);
    expect(namesOf(read)).toEqual(packages.map((of) => `package/${of}`));
    expect(read.length).toBeGreaterThan(2);
    for (const { resources } of read) {
      const bytes = toBinary(
        v1.ListResourcesResponseSchema,
        create(v1.ListResourcesResponseSchema, { resources: [...resources] }),
      );
      expect(bytes.length).toBeLessThan(4 * 1024 * 1024);
    }
    for (const { resources } of read.slice(0, -1)) expect(resources.length).toBeGreaterThan(5);
  });

  it('is empty, and one page, when there is nothing', () => {
    expect(page()).toMatchObject({ resources: [], nextPageToken: '' });
  });

  it.each<[Asked, readonly string[]]>([
    [{ namePrefix: 'a1' }, ['model/a1', 'model/a10']],
    [{ namePrefix: 'p1', kinds: ['package'] }, ['package/p1', 'package/p10']],
    [{ namePrefix: 'zz' }, []],
    [{ states: ['Dead'] }, ['model/a10', 'model/c']],
    [{ states: ['Created'], kinds: ['model'] }, ['model/b']],
    [{ package: 'p1' }, ['package/p1', 'model/a1', 'model/a2']],
    [{ package: 'nobody' }, []],
    [{ kinds: ['node', 'scenario'] }, ['scenario/s1', 'scenario/s2', 'node/n1', 'node/n2']],
    [{ stale: true }, []],
    [{ stale: false, kinds: ['node'] }, ['node/n1', 'node/n2']],
  ])('gives what fits the filter: %j', async (asked, expected) => {
    await fill();
    for (const size of [1, 2, 1000]) expect(namesOf(await all(asked, size))).toEqual(expected);
  });

  it('is of one revision, whatever happens between its pages', async () => {
    await fill();
    const before = page({}, 1000);
    const texts = (resources: readonly v1.Resource[]): readonly string[] =>
      resources.map((resource) => `${name(resource)} ${resource.state} ${resource.revision} ${resource.generation}`);
    const read = await all({}, 2, async (i) => {
      await reading.manager.submit(change(`s${i}x`));
      await reading.manager.submit(report('n2', reported('a1', i % 2 === 0 ? 'exited' : 'running', 1)));
      await reading.manager.submit({ type: 'node-forgotten', node: 'n1', source: 'test', at: 1 });
      await reading.manager.submit(report('n1', reported('zz', 'running')));
      await reading.manager.submit({ type: 'package-undefined', name: 'q', at: 1 });
    });
    expect(new Set(read.map(({ revision }) => revision))).toEqual(new Set([before.revision]));
    expect(read.flatMap(({ resources }) => texts(resources))).toEqual(texts(before.resources));
    const after = page({}, 1000);
    expect(after.revision).toBeGreaterThan(before.revision);
    expect(namesOf([after])).not.toEqual(namesOf([before]));
  });

  it('keeps listings apart that are read at the same time', async () => {
    await fill();
    const first = page({}, 6);
    await reading.manager.submit(change('s3'));
    const second = page({}, 6);
    expect(namesOf([page({}, 1000, second.nextPageToken)])).toEqual([...EVERYTHING].slice(5));
    expect(namesOf([page({}, 1000, first.nextPageToken)])).toEqual([...EVERYTHING].slice(6));
  });

  it('ends a minute after its last page was asked for, and not before', async () => {
    await fill();
    vi.useFakeTimers({ toFake: ['performance'] });
    const tokens = [page({}, 3).nextPageToken];
    for (let i = 0; i < 2; i += 1) {
      vi.advanceTimersByTime(59_000);
      tokens.push(page({}, 3, tokens.at(-1)).nextPageToken);
    }
    vi.advanceTimersByTime(60_001);
    expect(refused(tokens.at(-1) ?? '')).toBe('page_token: has expired: begin the listing again');
  });

  it('gives the same page again to who asks again', async () => {
    await fill();
    const { nextPageToken } = page({}, 3);
    expect(namesOf([page({}, 3, nextPageToken)])).toEqual(namesOf([page({}, 3, nextPageToken)]));
  });

  it('keeps the newest hundred', async () => {
    await fill();
    const tokens = Array.from({ length: 101 }, () => page({}, 3).nextPageToken);
    expect(refused(tokens[0] ?? '')).toBe('page_token: has expired: begin the listing again');
    expect(namesOf([page({}, 3, tokens[1])])).toEqual(EVERYTHING.slice(3, 6));
    expect(namesOf([page({}, 3, tokens[100])])).toEqual(EVERYTHING.slice(3, 6));
  });

  it('does not go on with another filter', async () => {
    await fill();
    const { nextPageToken } = page({ kinds: ['model'] }, 3);
    expect(refused(nextPageToken)).toBe('page_token: belongs to a listing with another filter');
    expect(namesOf([page({ kinds: ['model'] }, 3, nextPageToken)])).toEqual(['model/b', 'model/c']);
  });

  const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  it.each([
    '!',
    'garbage',
    'x'.repeat(100_000),
    token(null),
    token([]),
    token({ id: 1 }),
    token(['id', 'pod', 'a']),
    token(['id', 'model', 7]),
    token([1, 'model', 'a']),
  ])('takes no token that it did not give: %.60s', (text) => {
    expect(refused(text)).toBe('page_token: is none that a listing gave');
  });

  it('does not know a listing that another process began', () => {
    expect(refused(token(['0b1c', 'model', 'a']))).toBe('page_token: has expired: begin the listing again');
  });
});

describe('a listing of many of which few fit', () => {
  it('looks at no more than 50,000 a page, and goes on', async () => {
    const reading = await startReading();
    try {
      // One look at the read model's own entries, without a fleet of that size behind them.
      const { entries } = reading.picture();
      const record = { ...blank, state: 'Running', rule: 'model.running' } as const;
      for (let i = 0; i < 120_000; i += 1) {
        const entry = { record: i === 119_999 ? { ...record, state: 'Dead' as const } : record, revision: 1 };
        entries.model.put(`m${String(i).padStart(6, '0')}`, { ...entry, nodes: [], packages: [] });
      }
      const pages = new Pages();
      const filter = create(v1.ResourceFilterSchema, { states: ['Dead'] });
      const read = (pageToken: string): Page =>
        pages.read(reading.picture(), { pageSize: 10, pageToken }, readFilter(filter), '', IDLE_STATUS);
      const first = read('');
      const second = read(first.nextPageToken);
      const third = read(second.nextPageToken);
      expect([first, second, third].map(({ resources }) => resources.map(name))).toEqual([[], [], ['model/m119999']]);
      expect(third.nextPageToken).toBe('');
    } finally {
      await reading.stop();
      await reading.store.close();
    }
  });

  const blank = { since: 1, cause: '', source: 'test', generation: 1, applied: [] };
});
