import { Fleet, type Intent } from '@statemanager/state-machine';
import { beforeEach, describe, expect, it } from 'vitest';
import { IntentCauses } from './intent-causes.ts';
import type { Cause } from './tracing.ts';

const [FIRST, SECOND]: readonly [Cause, Cause] = [
  { traceId: 'a'.repeat(32), spanId: 'a'.repeat(16), traceFlags: 1 },
  { traceId: 'b'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 },
];

/** A decision that makes an intent, changes it, or ends it. */
function changes(name: string, intent: Partial<Intent> | undefined): Fleet {
  const fleet = new Fleet(new Fleet());
  fleet.putIntent(name, intent && { id: `${name}/1`, since: 0, attempts: 0, ...intent });
  return fleet;
}

describe('what made an intent', () => {
  let causes: IntentCauses;
  beforeEach(() => {
    causes = new IntentCauses();
  });

  it('is known, and when it is asked for the first time', () => {
    causes.note(changes('p', {}), FIRST);
    expect(causes.ask('p/1')).toEqual({ cause: FIRST, isFirst: true });
    expect(causes.ask('p/1')).toEqual({ cause: FIRST, isFirst: false });
  });

  it('is not what changed it later', () => {
    causes.note(changes('p', {}), FIRST);
    causes.note(changes('p', { attempts: 1 }), SECOND);
    causes.note(changes('p', {}), SECOND);
    expect(causes.ask('p/1')?.cause).toBe(FIRST);
  });

  it('is not known of one that another process left, nor of one that has ended', () => {
    causes.note(changes('q', { id: 'q/7', attempts: 3 }), FIRST);
    expect(causes.ask('q/7')).toBeUndefined();
    causes.note(changes('p', {}), FIRST);
    causes.note(changes('p', undefined), SECOND);
    expect(causes.ask('p/1')).toBeUndefined();
  });

  it("is the new one's after the package died again", () => {
    causes.note(changes('p', {}), FIRST);
    causes.note(changes('p', { id: 'p/4' }), SECOND);
    expect(causes.ask('p/1')).toBeUndefined();
    expect(causes.ask('p/4')).toEqual({ cause: SECOND, isFirst: true });
  });

  it('is forgotten of the oldest, where there are very many', () => {
    for (let i = 0; i <= 10_000; i += 1) causes.note(changes(`p${i}`, {}), FIRST);
    expect(causes.ask('p0/1')).toBeUndefined();
    expect(causes.ask('p1/1')).toBeDefined();
  });
});
