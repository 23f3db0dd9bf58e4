import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';

const KEYS_COUNT = 10_000;
const VALUE = Buffer.alloc(100, 'x');
const CONCURRENCIES = [64, 128, 256, 512];

/** etcd and nothing else: single puts of 100 bytes, with the client library that the store uses. */
export class RawPuts {
  readonly #client: Etcd3;
  #concurrency = 256;
  #next = 0;

  constructor(endpoint: string) {
    this.#client = new Etcd3({ hosts: endpoint });
  }

  /** Finds out how many puts at once are the fastest, and returns how many. */
  async tune(ms: number): Promise<number> {
    let best = 0;
    for (const concurrency of CONCURRENCIES) {
      const rate = await this.#rate(concurrency, ms);
      if (rate <= best) continue;
      best = rate;
      this.#concurrency = concurrency;
    }
    return this.#concurrency;
  }

  /** Puts a second, over so long. */
  rate(ms: number): Promise<number> {
    return this.#rate(this.#concurrency, ms);
  }

  close(): void {
    this.#client.close();
  }

  async #rate(concurrency: number, ms: number): Promise<number> {
    let count = 0;
    let isOver = false;
    const began = performance.now();
    const put = async (): Promise<void> => {
      while (!isOver) {
        this.#next += 1;
        await this.#client.kv.put({ key: Buffer.from(`/raw/${this.#next % KEYS_COUNT}`), value: VALUE });
        count += 1;
      }
    };
    const putting = Array.from({ length: concurrency }, put);
    await sleep(ms);
    const rate = count / ((performance.now() - began) / 1000);
    isOver = true;
    await Promise.all(putting);
    return rate;
  }
}
