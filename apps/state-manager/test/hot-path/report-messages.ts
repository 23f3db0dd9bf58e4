import type { Chance } from '../faults/seed.ts';

/** Messages of more containers are among the odd ones. */
export const MAX_CONTAINERS_COUNT = 4;

const KEYS = {
  state: ['Status', 'Running', 'Dead', 'OOMKilled', 'ExitCode', 'Pid', 'StartedAt', 'Error', 'Paused'],
  oddState: ['status', 'running', 'exitcode', 'dead', 'oomkilled', '', 'Ünknown', 'STATUS'],
  config: ['Hostname', 'model', 'Image', 'Model', ''],
  annotation: ['io.pullpiri.annotations.model', 'pullpiri.model', 'model', 'other', ''],
};
const VALUES = [
  '',
  'true',
  'false',
  'TRUE ',
  'running',
  'exited',
  ' Paused ',
  'dead',
  '0',
  '137',
  '-1',
  '1e3',
  '٣',
  'm-1',
];
const MODELS = ['m-1', 'nav', 'no name', '', 'a/b', 'ü', 'x'.repeat(254)];
const NAMES = ['app', '/app', 'model-nav', '/model-', '', 'né', 'x'.repeat(300)];

/** Writes protobuf by hand, so that it can write what no encoder would. */
export class MessageGenerator {
  /** Something is in it that no NodeAgent sends. */
  isOdd = false;
  readonly #chance: Chance;
  readonly #mayBeOdd: boolean;

  readonly #node: string;

  constructor(chance: Chance, node = 'node-1') {
    this.#chance = chance;
    this.#node = node;
    this.#mayBeOdd = chance.next() < 0.8;
  }

  message(): Buffer {
    const parts = [
      field(
        1,
        this.#odd(
          0.05,
          () => this.#text(MODELS),
          () => this.#node,
        ),
      ),
    ];
    const count = this.#odd(
      0.05,
      () => this.#chance.between(5, 6),
      () => this.#chance.between(0, 3),
    );
    for (let i = 0; i < count; i += 1) parts.push(field(2, this.#container()));
    if (this.#isOddNow(0.05)) parts.push(this.#strange());
    if (this.#isOddNow(0.1)) parts.reverse();
    const message = Buffer.concat(parts);
    return this.#isOddNow(0.3) ? this.#damaged(message) : message;
  }

  #container(): Buffer {
    const parts = [field(1, 'c0ffee'), field(3, 'image:1')];
    const names = this.#chance.between(0, 2);
    for (let i = 0; i < names; i += 1) {
      parts.push(
        field(
          2,
          this.#odd(
            0.3,
            () => this.#text(NAMES),
            () => this.#chance.one(['app', '/model-nav']),
          ),
        ),
      );
    }
    for (const key of KEYS.state) if (this.#chance.next() < 0.7) parts.push(field(4, this.#entry(key, VALUES)));
    if (this.#isOddNow(0.2)) parts.push(field(4, this.#entry(this.#text(KEYS.oddState), VALUES)));
    for (const [number, keys] of [
      [5, KEYS.config],
      [6, KEYS.annotation],
    ] as const) {
      for (const key of keys)
        if (this.#chance.next() < 0.3) parts.push(field(number, this.#entry(key, ['nav', 'm-1'])));
      if (this.#isOddNow(0.2)) parts.push(field(number, this.#entry(this.#text(keys), MODELS)));
    }
    parts.push(field(7, this.#entry('CpuTotalUsage', VALUES)));
    if (this.#isOddNow(0.05)) parts.push(this.#strange());
    if (this.#isOddNow(0.2)) parts.sort(() => this.#chance.next() - 0.5);
    return Buffer.concat(parts);
  }

  #entry(key: string, values: readonly string[]): Buffer {
    const value = this.#text(values);
    // Rust's encoder leaves out what is empty.
    const parts = [key === '' ? undefined : field(1, key), value === '' ? undefined : field(2, value)];
    if (this.#isOddNow(0.1)) parts.reverse();
    if (this.#isOddNow(0.05)) parts.push(field(2, this.#text(values)));
    if (this.#isOddNow(0.02)) parts.push(this.#strange());
    return Buffer.concat(parts.filter((part) => part !== undefined));
  }

  /** A field that is unknown, or of another type than it should be. */
  #strange(): Buffer {
    const number = this.#chance.between(1, 9);
    return this.#chance.one([
      Buffer.from([number << 3, 0x96, 0x01]),
      Buffer.from([(number << 3) | 5, 1, 2, 3, 4]),
      Buffer.from([(number << 3) | 3, (number << 3) | 4]),
      field(this.#chance.between(8, 2000), 'x'),
      field(number, Buffer.from([0xff, 0xfe])),
    ]);
  }

  #damaged(message: Buffer): Buffer {
    const damaged = Buffer.from(message);
    const at = this.#chance.between(0, Math.max(0, damaged.length - 1));
    switch (this.#chance.between(0, 3)) {
      case 0:
        if (damaged.length > 0) damaged[at] = this.#chance.between(0, 255);
        return damaged;
      case 1:
        return damaged.subarray(0, at);
      case 2:
        return Buffer.concat([
          damaged.subarray(0, at),
          Buffer.from([this.#chance.between(0, 255)]),
          damaged.subarray(at),
        ]);
      default:
        return Buffer.concat([damaged, damaged]);
    }
  }

  #text(of: readonly string[]): string {
    return this.#chance.one(of);
  }

  #odd<T>(share: number, odd: () => T, ordinary: () => T): T {
    return this.#isOddNow(share) ? odd() : ordinary();
  }

  #isOddNow(share: number): boolean {
    const odd = this.#mayBeOdd && this.#chance.next() < share;
    this.isOdd ||= odd;
    return odd;
  }
}

function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}
