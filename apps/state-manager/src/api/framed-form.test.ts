import { create, fromBinary } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchModel, type WatchedModel } from '../../test/watch/watched-model.ts';
import { change, defined, report, reported } from '../../test/kit/engine.ts';
import { AS_MESSAGES } from '../read/changes.ts';
import { readFilter } from '../read/filter.ts';
import { FramedForm } from './framed-form.ts';

let watched: WatchedModel;

beforeEach(async () => {
  watched = await watchModel();
});

afterEach(() => watched.stop());

const FILTERS = [
  {},
  { kinds: ['model'] },
  { kinds: ['package', 'node'] },
  { states: ['Dead'] },
  { states: ['Running', 'Idle'] },
  { namePrefix: 'm' },
  { package: 'p' },
  { stale: true },
];

it('holds what the messages hold, whatever the filter, and is the same bytes for the same', async () => {
  const end = watched.model.beginWatch();
  const from = watched.model.journal.end;
  await watched.manager.submit(defined('p', ['m', 'other']));
  for (const status of ['running', 'exited', 'running', 'paused']) {
    await watched.manager.submit(report('n', reported('m', status, 137), reported('x', 'running')));
  }
  await watched.manager.submit(change('s'));
  await watched.manager.submit({ type: 'node-forgotten', node: 'n', source: 'test', at: Date.now() });
  const entries = watched.entriesFrom(from);
  expect(entries.length).toBeGreaterThan(5);
  const form = new FramedForm();
  let toldCount = 0;
  for (const entry of entries) {
    for (const asked of FILTERS) {
      const filter = readFilter(create(v1.ResourceFilterSchema, asked));
      const message = AS_MESSAGES.changes(entry, filter);
      const frame = form.changes(entry, filter);
      if (message === undefined) {
        expect(frame).toBeUndefined();
        continue;
      }
      toldCount += 1;
      if (frame === undefined) throw new Error(`nothing of ${JSON.stringify(asked)}`);
      const head = Buffer.from(frame.subarray(0, 5));
      expect([head[0], head.readUInt32BE(1)]).toEqual([0, frame.length - 5]);
      expect(fromBinary(v1.WatchResourcesResponseSchema, frame.subarray(5))).toEqual(message);
      expect(form.changes(entry, filter)).toBe(frame);
    }
  }
  expect(toldCount).toBeGreaterThan(entries.length);
  end();
});
