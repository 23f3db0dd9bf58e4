import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectApi, type Message } from '../kit/api-peer.ts';
import { packageYaml } from '../faults/documents.ts';
import { NEVER_MS, running, startControllerFor, startStand, type Afterwards, type Stand } from '../faults/stand.ts';
import { STORES, sqliteUnderTest, valueOf, type StoreUnderTest } from '../faults/stores.ts';
import { comparable, exportTo, folderFor, importFrom } from './commands.ts';
import { ASKED, playStory, tellReports } from './story.ts';

const HISTORY = '/statemanager/history/';

/** Puts a store's contents into another, of another kind or of the same. */
async function move(afterwards: Afterwards, from: StoreUnderTest, to: StoreUnderTest): Promise<void> {
  const file = join(folderFor(afterwards), 'file');
  await exportTo(file, from.url);
  await importFrom(file, to.url);
}

describe.each(Object.entries(STORES))('a service on an imported store, on %s', (_, open) => {
  const both = async (afterwards: Afterwards): Promise<{ from: StoreUnderTest; to: StoreUnderTest }> => {
    const [from, to] = [sqliteUnderTest(), await open()];
    for (const store of [from, to]) afterwards(() => store.dispose());
    // Revisions of the one mean nothing in the other, and some are equal by chance.
    for (let i = 0; i < 5; i += 1) await to.put('nodes/of/others', String(i));
    return { from, to };
  };

  it('knows all that was known, and nothing moves', async ({ onTestFinished }) => {
    const { from, to } = await both(onTestFinished);
    await playStory(onTestFinished, from);
    const before = await from.read();
    // Its package is Running, and was set to Paused: a document that is evaluated again takes that back.
    expect(valueOf(before, '/package/held/state')).toBe('Paused');
    await move(onTestFinished, from, to);
    const imported = await to.read();

    const controller = await startControllerFor(onTestFinished);
    const { peer, service, kill } = await startStand(onTestFinished, to.url, { 'action-controller': controller.url });
    await tellReports(peer);
    await peer.report('n4', running('alive'));
    for (const request of ASKED) expect((await peer.change(request)).error_code).toBe('ERROR_CODE_SUCCESS');
    expect(service.logs.filter(({ msg }) => msg === 'transition')).toEqual([]);
    expect(service.logs.filter(({ msg }) => msg === 'bad value in the store')).toEqual([]);
    await expectHistory(service.address, valueOf(before, `${HISTORY}package/held/3`));
    await kill();

    const after = await to.read();
    expect(comparable(after)).toEqual({ ...comparable(before), 'nodes/of/others': '4' });
    const [fence, leader] = [after.get('/statemanager/commit'), after.get('/statemanager/leader')];
    expect(fence?.revision, 'nothing was committed since it took the lead').toBe(leader?.revision);
    expect(after.get('Package/held'), 'nor any document put again').toEqual(imported.get('Package/held'));
    expect(controller.calls, 'the accepted call has its time to heal').toEqual([]);
  });

  it('reads a document that changed before the move, and only that', async ({ onTestFinished }) => {
    const { from, to } = await both(onTestFinished);
    await playStory(onTestFinished, from);
    await from.put('Package/fine', packageYaml('fine', ['alive', 'dead-a']));
    await move(onTestFinished, from, to);
    const { service } = await startStand(onTestFinished, to.url);
    await service.waitForLog(
      ({ msg, name, to: state }) => msg === 'transition' && name === 'fine' && state === 'Degraded',
    );
    const moved = service.logs
      .filter(({ msg }) => msg === 'transition')
      .map(({ kind, name }) => `${String(kind)}/${String(name)}`);
    expect(moved).toEqual(['package/fine']);
  });

  it('goes on with a grace that had begun', async ({ onTestFinished }) => {
    const { from, to } = await both(onTestFinished);
    await playStory(onTestFinished, from);
    expect(valueOf(await from.read(), '/model/gone/state')).toBe('Running');
    await move(onTestFinished, from, to);
    const still = await startStand(onTestFinished, to.url, { 'missing-grace-ms': NEVER_MS });
    await still.kill();
    const { service } = await startStand(onTestFinished, to.url, { 'missing-grace-ms': '0' });
    await service.waitForLog(
      ({ name, to: state, rule }) => name === 'gone' && state === 'Dead' && rule === 'model.missing',
    );
    await service.waitForLog(({ kind, name, to: state }) => kind === 'package' && name === 'gap' && state === 'Error');
  });
});

/** The service tells the history that was imported, and says nothing else of it. */
async function expectHistory(address: Stand['service']['address'], stored: string | undefined): Promise<void> {
  const api = connectApi(address);
  const { transitions } = await api.call('StateService/ListTransitions', { kind: 'package', name: 'held' });
  api.close();
  const { rule, cause, source } = JSON.parse(stored ?? '{}') as Message;
  expect((transitions as Message[])[0]).toMatchObject({ to: 'Paused', rule, cause, source });
}
