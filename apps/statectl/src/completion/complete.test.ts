import { expect, test } from 'vitest';
import { complete, type Live } from './complete.ts';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  package: ['helloworld', 'lane-assist'],
  model: ['lane-keeper', 'front-camera'],
  scenario: ['helloworld'],
  node: ['hpc-central'],
};
const live: Live = {
  names: (kind, prefix) => Promise.resolve((NAMES[kind] ?? []).filter((name) => name.startsWith(prefix))),
  contexts: () => Promise.resolve(['car', 'lab']),
};

test.each([
  ['ex', ['explain']],
  ['get p', ['packages']],
  ['get packages ', ['helloworld', 'lane-assist']],
  ['get models l', ['lane-keeper']],
  ['get p/l', ['p/lane-assist']],
  ['explain p', ['package/']],
  ['explain package/h', ['package/helloworld']],
  ['retry package/l', ['package/lane-assist']],
  ['wait package/helloworld --for=R', ['--for=Running']],
  ['wait package/helloworld --for Running,E', ['Running,Error', 'Running,Exited']],
  ['get models -l D', ['Dead']],
  ['get packages -o w', ['wide']],
  ['explain -o t', ['tree']],
  ['set scenario/helloworld w', ['waiting']],
  ['impact --node ', ['hpc-central']],
  ['impact --model lane', ['lane-keeper']],
  ['impact --model lane-keeper=D', ['lane-keeper=Dead']],
  ['config use-context c', ['car']],
  ['--context l', ['lab']],
  ['--server x:1 get no', ['nodes']],
  ['completion z', ['zsh']],
  ['get packages --sta', ['--stale', '--state']],
  ['apply -f ', []],
])('%j may go on with %j', async (line, words) => {
  expect(await complete(line.split(' '), live)).toEqual(words);
});
