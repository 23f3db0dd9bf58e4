import { StoreError } from '@statemanager/state-store';
import { describe, expect, it } from 'vitest';
import { fromPortable, toPortable } from '../src/portable-error.ts';
import { storeErrorOf } from '../src/sqlite-error.ts';

/** There and back, as between two threads. */
function sent(error: unknown): Error {
  return fromPortable(structuredClone(toPortable(error)));
}

describe('an error that goes from one thread to another', () => {
  it('keeps its class, code, reason, message and stack, and what SQLite said', () => {
    const said = Object.assign(new Error('database or disk is full'), {
      ...{ code: 'ERR_SQLITE_ERROR', errcode: 13, errstr: 'full' },
    });
    const error = storeErrorOf(said, '/file.db');
    const arrived = sent(error);
    expect(StoreError.is(arrived, 'unavailable')).toBe(true);
    expect(arrived).toMatchObject({
      name: 'StoreError',
      reason: 'no_space',
      message: error.message,
      stack: error.stack,
    });
    expect(arrived.cause).toBeInstanceOf(Error);
    expect(arrived.cause).toMatchObject({ code: 'ERR_SQLITE_ERROR', errcode: 13, message: said.message });
  });

  it('has no reason and no cause if it had none', () => {
    const arrived = sent(new StoreError('closed', 'it is closed'));
    expect(arrived).toMatchObject({ code: 'closed', message: 'it is closed' });
    expect((arrived as StoreError).reason).toBeUndefined();
    expect(arrived.cause).toBeUndefined();
  });

  it('leaves behind what cannot be sent', () => {
    const error = Object.assign(new TypeError('no'), { code: 'ERR_NO', context: { close: () => undefined } });
    expect(sent(error)).toMatchObject({ message: 'no', code: 'ERR_NO' });
    expect(sent(error)).not.toHaveProperty('context');
    expect(sent('no error at all').message).toBe('no error at all');
  });
});
