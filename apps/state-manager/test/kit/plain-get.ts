import { request } from 'node:http';
import { connect } from 'node:http2';

export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Asks over HTTP/1.1. */
export async function overHttp1(address: string, path: string, method = 'GET'): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const call = request(`http://${address}${path}`, { method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    call.on('error', reject);
    call.end();
  });
}

/** Asks over HTTP/2, without TLS. */
export async function overHttp2(address: string, path: string, method = 'GET'): Promise<PlainAnswer> {
  const session = connect(`http://${address}`);
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ ':path': path, ':method': method });
      let body = '';
      let headers: PlainAnswer['headers'] = {};
      stream.setEncoding('utf8');
      stream.on('error', reject);
      stream.on('response', (found) => (headers = found as PlainAnswer['headers']));
      stream.on('data', (chunk: string) => (body += chunk));
      stream.on('end', () => resolve({ status: Number(headers[':status']), headers, body }));
      stream.end();
    });
  } finally {
    session.close();
  }
}
