import { request } from 'node:http';
import { connect } from 'node:http2';

/*
 * A client in a process of its own, so that a test can stop or kill it as a whole: watches everything at `argv[2]` over
 * `argv[3]` (`http1` or `http2`), prints `open` with the first bytes, reads on, and prints how the stream ended.
 */

const [, , address = '', protocol] = process.argv;
const PATH = '/statemanager.v1.StateService/WatchResources';
const MOST_BYTES = 2 ** 31 - 1;

function say(word: string): void {
  process.stdout.write(`${word}\n`);
}

function watchOverHttp1(): void {
  const body = Buffer.from([0, 0, 0, 0, 2, ...Buffer.from('{}')]);
  const headers = { 'content-type': 'application/connect+json', 'content-length': body.length };
  const call = request(`http://${address}${PATH}`, { method: 'POST', headers }, (answer) => {
    answer.once('data', () => say('open'));
    answer.on('error', () => say('ended: the connection broke off'));
    answer.on('end', () => say('ended: in order'));
    answer.resume();
  });
  call.on('error', () => undefined);
  call.end(body);
}

/** It takes as much as it is sent: only the connection holds the service back. */
function watchOverHttp2(): void {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: MOST_BYTES } });
  session.on('error', () => undefined);
  session.once('connect', () => session.setLocalWindowSize(MOST_BYTES));
  const headers = { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request(headers);
  stream.once('data', () => say('open'));
  stream.on('error', () => undefined);
  stream.on('close', () => say(`ended: ${stream.rstCode}`));
  stream.resume();
  stream.end(Buffer.alloc(5));
}

if (protocol === 'http1') watchOverHttp1();
else watchOverHttp2();
