import { connect, type ClientHttp2Session } from 'node:http2';
import { REPORT_PATH } from './storm.ts';

/** A NodeAgent that reports one thing at a time. */
export class Caller {
  readonly #session: ClientHttp2Session;

  constructor(port: number) {
    this.#session = connect(`http://127.0.0.1:${port}`);
  }

  /** Sends a report and waits for its answer. Returns how long that took, in milliseconds. */
  async report(message: Buffer): Promise<number> {
    const began = performance.now();
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': REPORT_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end(message);
    await new Promise<void>((resolve, reject) => {
      stream.on('trailers', ({ 'grpc-status': status, 'grpc-message': said }) => {
        if (status !== '0') reject(new Error(`the report failed: ${String(said)}`));
      });
      stream.on('error', reject);
      stream.on('end', resolve);
      stream.resume();
    });
    return performance.now() - began;
  }

  close(): void {
    this.#session.close();
  }
}
