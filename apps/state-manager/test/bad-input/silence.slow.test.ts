import { describe, expect, it } from 'vitest';
import { speak } from './raw-connection.ts';
import { useUntouchedWorld } from './untouched.ts';

describe('a connection that falls silent', () => {
  const world = useUntouchedWorld();

  it('is closed after ten seconds, whether it said nothing, half a preface or half a head', async () => {
    const began = performance.now();
    const words = ['', 'PRI * HT', 'POST /x HTTP/1.1\r\nhost: x\r\n'];
    await Promise.all(words.map((word) => speak(world().service.address, word)));
    const tookMs = performance.now() - began;
    expect(tookMs).toBeGreaterThan(9000);
    expect(tookMs).toBeLessThan(30_000);
  });
});
