import { describe, expect, it } from 'vitest';
import type { Clients } from './store-harness.ts';

/** put, get, delete, and what a closed store says. */
export function describeValues(clients: Clients): void {
  describe('values', () => {
    it('gets what was put, with the revision of its last change', async () => {
      const store = await clients.open();
      expect(await store.get('/k')).toBeUndefined();
      const first = await store.put('/k', 'one');
      expect(await store.get('/k')).toEqual({ key: '/k', value: 'one', revision: first });
      const other = await store.put('/other', 'x');
      const second = await store.put('/k', 'two');
      expect(await store.get('/k')).toEqual({ key: '/k', value: 'two', revision: second });
      expect(first).toBeGreaterThan(0);
      expect([other, second]).toEqual([first + 1, first + 2]);
    });

    it('deletes, and says whether the key was there', async () => {
      const store = await clients.open();
      const put = await store.put('/k', 'one');
      expect(await store.delete('/k')).toBe(true);
      expect(await store.get('/k')).toBeUndefined();
      expect(await store.delete('/k')).toBe(false);
      expect((await store.getAllWithPrefix('/')).revision, 'a delete of nothing is no change').toBe(put + 1);
    });

    it('keeps every Unicode text, empty and large ones too', async () => {
      const store = await clients.open();
      const values = ['', '한국어 \u{1f697}', 'line\nbreak\u0000zero', 'x'.repeat(512 * 1024)];
      for (const value of values) {
        await store.put('/키/\u{1f511}', value);
        expect((await store.get('/키/\u{1f511}'))?.value === value, `${value.length} characters`).toBe(true);
      }
    });

    it('refuses an empty key and half a surrogate pair', async () => {
      const store = await clients.open();
      for (const key of ['', '/\ud800']) {
        await expect(store.put(key, 'x')).rejects.toMatchObject({ code: 'invalid_argument' });
        await expect(store.get(key)).rejects.toMatchObject({ code: 'invalid_argument' });
        await expect(store.delete(key)).rejects.toMatchObject({ code: 'invalid_argument' });
      }
      await expect(store.put('/k', '\udc00')).rejects.toMatchObject({ code: 'invalid_argument' });
    });

    it('says closed after close, which can be called twice', async () => {
      const store = await clients.open();
      await store.close();
      await store.close();
      await expect(store.put('/k', 'x')).rejects.toMatchObject({ name: 'StoreError', code: 'closed' });
      await expect(store.get('/k')).rejects.toMatchObject({ code: 'closed' });
      await expect(store.getAllWithPrefix('/')).rejects.toMatchObject({ code: 'closed' });
      await expect(store.commit({ guards: [], operations: [] })).rejects.toMatchObject({ code: 'closed' });
      if (store.prepare !== undefined) {
        await expect(store.prepare({ guards: [], operations: [] })).rejects.toMatchObject({ code: 'closed' });
      }
      await expect(store.lead({ id: 'a', address: 'a:1' })).rejects.toMatchObject({ code: 'closed' });
    });

    it('keeps everything across a restart', async () => {
      const store = await clients.open();
      const revision = await store.put('/k', 'kept');
      const restarted = await clients.restart(store);
      expect(await restarted.get('/k')).toEqual({ key: '/k', value: 'kept', revision });
      expect(await restarted.put('/k', 'next')).toBe(revision + 1);
    });
  });
}
