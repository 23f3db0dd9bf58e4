import { describe, expect, it } from 'vitest';
import { isStray, knownKey } from './known-key.ts';

describe('knownKey', () => {
  it.each([
    ['Package/p', 'definitions'],
    ['Scenario/s', 'definitions'],
    ['Model/m', 'definitions'],
    ['/package/p/state', 'states'],
    ['/model/m.1/state', 'states'],
    ['/scenario/s/state', 'states'],
    ['/statemanager/record/package/p', 'records'],
    ['/statemanager/record/model/m', 'records'],
    ['/statemanager/node/n1', 'nodes'],
    ['/statemanager/history/model/m/63', 'history'],
    ['/statemanager/reconcile/p', 'intents'],
  ])('%s is one of the %s', (key, group) => {
    expect(knownKey(key)?.group).toBe(group);
    expect(isStray(key)).toBe(false);
  });

  it.each([
    '/package/p',
    '/package/p/status',
    '/model/a/b/state',
    'Package/a/b',
    'Scenario/',
    '/statemanager/record/volume/v',
    '/statemanager/history/model/m/64',
    '/statemanager/new',
  ])('%s is a stray', (key) => {
    expect(knownKey(key)).toBeUndefined();
    expect(isStray(key)).toBe(true);
  });

  it.each(['/statemanager/leader', '/statemanager/commit', '/statemanager/import', 'Node/n', '/other', 'package/p'])(
    '%s is nobody’s business',
    (key) => {
      expect(knownKey(key)).toBeUndefined();
      expect(isStray(key)).toBe(false);
    },
  );

  it('reads values as the service does', () => {
    expect(knownKey('/package/p/state')?.read('PACKAGE_STATE_RUNNING')).toBe('Running');
    expect(() => knownKey('/package/p/state')?.read('Dead')).toThrow('/package/p/state');
    expect(() => knownKey('/statemanager/node/n')?.read('{}')).toThrow('/statemanager/node/n');
    expect(knownKey('Package/p')?.read('{ bad: [')).toBe('{ bad: [');
  });
});
