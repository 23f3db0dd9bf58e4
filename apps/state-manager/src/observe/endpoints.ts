import type { Readiness } from './readiness.ts';

/** What is used of a request, over HTTP/1.1 or HTTP/2. */
export interface PlainRequest {
  readonly url?: string | undefined;
  readonly method?: string | undefined;
}

/** What is used of a response. */
export interface PlainResponse {
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  end(body: string): unknown;
}

/** Answers a request that is no call of the API; `draining` aborts when a stop begins. */
export type PlainHandler = (request: PlainRequest, response: PlainResponse, draining: AbortSignal) => void;

export interface Endpoints {
  readonly readiness: (draining: boolean) => Readiness;
  /** The text of all metrics, and its content type. */
  readonly metrics: () => Promise<string>;
  readonly metricsType: string;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const PATHS = ['/healthz', '/readyz', '/metrics'];

const WHERE = 'GET /healthz, /readyz and /metrics; POST /<service>/<method> for the API, which reflection lists';

/** `GET` and `HEAD` of `/healthz`, `/readyz` and `/metrics`, and the refusal of anything else. */
export function plainEndpoints({ readiness, metrics, metricsType }: Endpoints): PlainHandler {
  let running: Promise<string> | undefined;
  /** Whoever asks meanwhile is given the same: many who ask cost no more than one. */
  const text = (): Promise<string> => (running ??= metrics().finally(() => (running = undefined)));
  const answer = async (path: string, draining: AbortSignal): Promise<Answer> => {
    switch (path) {
      case '/healthz':
        return { status: 200, type: 'text/plain; charset=utf-8', body: 'ok\n' };
      case '/readyz': {
        const found = readiness(draining.aborted);
        return json(found.ready ? 200 : 503, found);
      }
      case '/metrics':
        return { status: 200, type: metricsType, body: await text() };
      default:
        return json(404, { error: 'there is nothing at this path', try: WHERE });
    }
  };
  return (request, response, draining) => {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    if (!isReading && !PATHS.includes(path)) {
      // A call of a method that is not there: gRPC's own words for that are 404 and nothing else.
      respond(response, 404, {}, '');
      return;
    }
    if (!isReading) {
      respond(response, 405, { allow: 'GET, HEAD' }, '');
      return;
    }
    answer(path, draining)
      .catch((error: unknown) => json(500, { error: error instanceof Error ? error.message : 'it failed' }))
      .then(({ status, type, body }) => {
        const headers = {
          'content-type': type,
          'content-length': Buffer.byteLength(body),
          'cache-control': 'no-store',
        };
        respond(response, status, headers, request.method === 'HEAD' ? '' : body);
      })
      // The caller is gone: there is nobody to tell.
      .catch(() => response.end(''));
  };
}

function json(status: number, body: object): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
}

function respond(
  response: PlainResponse,
  status: number,
  headers: Record<string, string | number>,
  body: string,
): void {
  response.writeHead(status, headers);
  response.end(body);
}
