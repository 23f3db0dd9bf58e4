import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * Watchers that read everything and look at nothing: `argv[2]` is the port, `argv[3]` how many. Says so when all are
 * open.
 */
const [, , port = '', count = ''] = process.argv;
const WATCHES_PER_CONNECTION = 10;
const NO_REQUEST = Buffer.alloc(5);

let openCount = 0;
for (let i = 0; i < Number(count) / WATCHES_PER_CONNECTION; i += 1) {
  const session = connect(`http://127.0.0.1:${port}`);
  session.once('connect', () => session.setLocalWindowSize(1_048_576));
  for (let k = 0; k < WATCHES_PER_CONNECTION; k += 1) {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/statemanager.v1.StateService/WatchResources',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.once('data', () => (openCount += 1));
    stream.on('error', () => undefined);
    stream.resume();
    stream.end(NO_REQUEST);
  }
}
while (openCount < Number(count)) await sleep(10);
process.stdout.write(`${JSON.stringify({ listening: `none:${process.pid}`, msg: 'listening' })}\n`);
