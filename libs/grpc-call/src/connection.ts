import { Link } from './link.ts';
import type { LinkOptions } from './link.ts';
import { whileNotAborted } from './signal.ts';

/** The way to one peer: a link that is opened when needed, verified when it was silent, and replaced when lost. */
export class Connection {
  /** Scheme, host and port of the peer. */
  readonly origin: string;
  readonly #options: LinkOptions;
  /** All that are not gone: the current one, and older ones that finish their calls after the peer's GOAWAY. */
  readonly #links = new Set<Link>();
  #current: Link | undefined;
  #pending: Promise<Link> | undefined;
  #closed = false;

  constructor(origin: string, options: LinkOptions) {
    this.origin = origin;
    this.#options = options;
  }

  /** A link on which a call can begin now. Rejects with the reason there is none, or the signal's. */
  async ready(signal: AbortSignal): Promise<Link> {
    if (this.#current?.usable === true && this.#current.fresh) return this.#current;
    return await this.verify(signal);
  }

  /** As `ready`, but asks the peer even if it was heard from a moment ago. */
  verify(signal: AbortSignal): Promise<Link> {
    if (this.#closed) return Promise.reject(new Error('the connection was closed'));
    this.#pending ??= this.#establish().finally(() => (this.#pending = undefined));
    return whileNotAborted(this.#pending, signal);
  }

  /** Ends all links; resolves when their sockets are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const link of this.#links) link.destroy();
    await Promise.all([...this.#links].map((link) => link.gone));
  }

  async #establish(): Promise<Link> {
    const held = this.#current;
    if (held?.usable === true && (await held.ping()) && held.usable) return held;
    if (this.#closed) throw new Error('the connection was closed');
    const link = new Link(this.origin, this.#options);
    this.#links.add(link);
    void link.gone.then(() => this.#links.delete(link));
    await link.opened;
    this.#current = link;
    return link;
  }
}
