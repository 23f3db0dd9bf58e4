import { constants, type ServerHttp2Stream } from 'node:http2';

/** So long a request may still arrive after its answer. */
const REST_WITHIN_MS = 1000;

/**
 * Ends a call that is answered although its request is not complete: it was too large, or whoever made it may not. Nobody
 * reads the rest, and while the caller waits to send it, the stream would be held, and a stop with it. RFC 9113, section
 * 8.1, has this way of saying that the answer stands and the rest is not wanted.
 */
export function endUnread(stream: ServerHttp2Stream): void {
  stream.once('finish', () => {
    if (stream.readableEnded || stream.closed) return;
    // Not at once: the trailers have to leave first.
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), REST_WITHIN_MS);
    stream.once('close', () => clearTimeout(timer));
  });
}
