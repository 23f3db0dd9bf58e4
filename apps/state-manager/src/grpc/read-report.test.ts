import { create } from '@bufbuild/protobuf';
import { ConnectError, Code } from '@connectrpc/connect';
import { monitoringserver } from '@statemanager/proto';
import { describe, expect, it } from 'vitest';
import { readReport } from './read-report.ts';

type Info = Partial<Omit<monitoringserver.ContainerInfo, '$typeName'>>;

const list = (nodeName: string, ...containers: readonly Info[]): monitoringserver.ContainerList =>
  create(monitoringserver.ContainerListSchema, { nodeName, containers: [...containers] });

const read = (...containers: readonly Info[]): ReturnType<typeof readReport> =>
  readReport(list('n1', ...containers), 100);

/** What is read of one container of model m with this state. */
const facts = (state: Record<string, string>): unknown =>
  read({ names: ['c'], annotation: { model: 'm' }, state }).containers[0];

describe('readReport', () => {
  it.each([
    ['io.pullpiri.annotations.model first', { 'io.pullpiri.annotations.model': 'a', 'pullpiri.model': 'b' }, {}, 'a'],
    ['then pullpiri.model', { 'pullpiri.model': 'b', model: 'c' }, {}, 'b'],
    ['then the annotation model', { model: 'c' }, { model: 'd' }, 'c'],
    ['then the config', {}, { model: 'd' }, 'd'],
    ['then a name', {}, {}, 'named'],
  ])('finds the model: %s', (_, annotation, config, model) => {
    const { containers } = read({ names: ['/x', '/model-named'], annotation, config });
    expect(containers.map((container) => container.model)).toEqual([model]);
  });

  it('leaves out containers that are nobody’s', () => {
    const { containers, misnamed } = read({ names: ['pause'] }, { names: ['my-model-x'] }, {});
    expect([containers, misnamed]).toEqual([[], []]);
  });

  it.each(['', 'a b', '/m', '-m', 'x'.repeat(254)])(
    'takes %j for no name, and the first that is present counts',
    (bad) => {
      const annotation = { 'pullpiri.model': bad, model: 'good' };
      const { containers, misnamed } = read(
        { names: ['/c'], annotation },
        { names: ['d'], annotation: { model: 'm' } },
      );
      expect(containers.map(({ name }) => name)).toEqual(['d']);
      expect(misnamed).toEqual([`c: ${JSON.stringify(bad.slice(0, 253))}`]);
    },
  );

  it('knows a container by its first name without the slash, or by its id', () => {
    const annotation = { model: 'm' };
    const { containers } = read(
      { id: '1', names: ['/a', '/b'], annotation },
      { id: '2', names: ['c'], annotation },
      { id: '3', annotation },
      { id: '4', names: [''], annotation },
      { id: '5', names: ['/'], annotation },
    );
    expect(containers.map(({ name }) => name)).toEqual(['a', 'c', '3', '4', '5']);
  });

  it('reads Podman’s facts in any case, and only those the rules look at', () => {
    const state = {
      Status: ' Exited ',
      Running: 'false',
      Dead: 'TRUE',
      OOMKilled: 'true',
      ExitCode: ' 137 ',
      Pid: '1',
    };
    expect(facts(state)).toEqual({
      ...{ model: 'm', name: 'c', status: 'exited', running: false, dead: true, oomKilled: true, exitCode: 137 },
    });
    expect(facts({ status: 'running', running: 'true' })).toMatchObject({ status: 'running', running: true });
    expect(facts({})).toMatchObject({ status: '', running: false, dead: false, oomKilled: false, exitCode: undefined });
  });

  it.each([
    ['', undefined],
    [' ', undefined],
    ['0', 0],
    ['-1', -1],
    ['+3', 3],
    ['007', 7],
    ['1.5', NaN],
    ['0x10', NaN],
    ['1e3', NaN],
    ['many', NaN],
    ['99999999999', NaN],
  ])('reads exit code %j as %s', (ExitCode, exitCode) => {
    expect(facts({ Status: 'exited', ExitCode })).toMatchObject({ exitCode });
  });

  it.each(['', 'a b', 'x'.repeat(254), '../etc'])('refuses node name %j', (nodeName) => {
    expect(() => readReport(list(nodeName), 1)).toThrow(
      expect.objectContaining({
        code: Code.InvalidArgument,
        rawMessage: expect.stringContaining('node_name') as string,
      }),
    );
  });

  it('refuses more containers than the limit, with the counts, before it reads them', () => {
    expect(readReport(list('n1', {}, {}), 2).containers).toEqual([]);
    let error: unknown;
    try {
      readReport(list('n1', {}, {}, {}), 2);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: Code.ResourceExhausted });
    expect((error as Error).message).toMatch(/containers has 3 entries, and may have 2/);
  });
});
