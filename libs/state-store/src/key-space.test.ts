import { describe, expect, it } from 'vitest';
import {
  historyKey,
  historyKeys,
  nameUnder,
  parseHistoryKey,
  parseRecordKey,
  parseStateKey,
  recordKey,
  stateKey,
} from './key-space.ts';

describe('keys', () => {
  it('are those of the stored form', () => {
    expect(stateKey('package', 'p')).toBe('/package/p/state');
    expect(recordKey('model', 'm')).toBe('/statemanager/record/model/m');
    expect(historyKey('model', 'm', 65)).toBe('/statemanager/history/model/m/1');
  });

  it('are read back, and nothing else is', () => {
    expect(parseStateKey('package', stateKey('package', 'a.b'))).toBe('a.b');
    expect(parseStateKey('package', '/package/a/b/state')).toBeUndefined();
    expect(parseStateKey('package', '/model/a/state')).toBeUndefined();
    expect(parseRecordKey(recordKey('scenario', 's'))).toEqual({ kind: 'scenario', name: 's' });
    expect(parseRecordKey('/statemanager/record/volume/s')).toBeUndefined();
    expect(parseRecordKey('/statemanager/record/model/a/b')).toBeUndefined();
    expect(parseHistoryKey(historyKey('model', 'm', 127))).toEqual({ kind: 'model', name: 'm' });
    for (const slot of ['64', '007', '-1', '', '1/2']) {
      expect(parseHistoryKey(`/statemanager/history/model/m/${slot}`), slot).toBeUndefined();
    }
    expect(nameUnder('Package/', 'Package/p')).toBe('p');
    expect(nameUnder('Package/', 'Package/p/q')).toBeUndefined();
  });

  it('name each kept history entry once', () => {
    expect(historyKeys('model', 'm', 3)).toHaveLength(3);
    expect(new Set(historyKeys('model', 'm', 1000)).size).toBe(64);
  });
});
