import { parseDocument } from 'yaml';
import { expect, test } from 'vitest';
import { readReport } from './report-file.ts';

const read = (text: string) => readReport({ file: 'r.yaml', line: 10, text }, parseDocument);

test('a report is what a NodeAgent would send', () => {
  const report = read(`node: n1
containers:
  - name: app
    model: m
    status: exited
    exitCode: 137
    oomKilled: true
    image: i:1
    state: { FinishedAt: now, ExitCode: 1 }
    annotations: { tier: 2 }
`);
  expect(report.nodeName).toBe('n1');
  expect(report.containers).toHaveLength(1);
  expect(report.containers[0]).toMatchObject({
    id: 'app',
    names: ['app'],
    image: 'i:1',
    state: { Status: 'exited', ExitCode: '1', OOMKilled: 'true', FinishedAt: 'now' },
    annotation: { 'io.pullpiri.annotations.model': 'm', tier: '2' },
  });
});

test('a container runs if nothing else is said, and a node may have none', () => {
  expect(read('node: n1\ncontainers: [{ name: a }]').containers[0]?.state).toEqual({ Status: 'running' });
  expect(read('node: n1\ncontainers: []').containers).toEqual([]);
});

test.each([
  ['nodes: n1', /r\.yaml, line 10: there is no key nodes/],
  ['node: 3', /node must be the name of a node/],
  ['node: a b', /is no name/],
  ['- a', /must have the keys node, containers/],
  ['node: n\ncontainers: {}', /containers must be a list/],
  ['node: n\ncontainers: [{ name: a, exitcode: 1 }]', /containers\[0\]: there is no key exitcode/],
  ['node: n\ncontainers: [{ model: a }]', /containers\[0\]\.name must be a text/],
  ['node: n\ncontainers: [{ name: a, state: 3 }]', /containers\[0\]\.state must be keys with values/],
  ['node: "n\n', /r\.yaml, line 1[12]: /],
])('%j is refused', (text, message) => {
  expect(() => read(text)).toThrow(message);
});
