import { Connection } from '../load/connection.ts';

/** A NodeAgent that reports one thing at a time. */
export class Caller {
  readonly #connection: Connection;
  #message: Buffer | undefined;
  #onEnded: (answered: boolean) => void = () => undefined;

  private constructor(port: number) {
    this.#connection = new Connection({
      port,
      inFlightCount: 1,
      take: () => {
        const message = this.#message;
        this.#message = undefined;
        return message;
      },
      onEnded: (answered) => this.#onEnded(answered),
    });
  }

  static async connect(port: number): Promise<Caller> {
    const caller = new Caller(port);
    await caller.#connection.open();
    return caller;
  }

  /** Sends a report and waits for its answer. Returns how long that took, in milliseconds. */
  async report(message: Buffer): Promise<number> {
    const began = performance.now();
    this.#message = message;
    const answered = await new Promise<boolean>((resolve) => {
      this.#onEnded = resolve;
      this.#connection.fill();
    });
    if (!answered) throw new Error('the report failed');
    return performance.now() - began;
  }

  close(): void {
    this.#connection.close();
  }
}
