import { gzipSync } from 'node:zlib';
import type { Chance } from '../faults/seed.ts';
import { MessageGenerator } from './report-messages.ts';

export const REPORT_PATH = '/statemanager.StateManagerConnection/SendChangedContainerList';
export const MAX_MESSAGE_BYTES = 2048;

/** A call as it goes over the wire. */
export interface WireCall {
  readonly headers: Readonly<Record<string, string>>;
  /** The body, in the pieces in which it is sent. */
  readonly chunks: readonly Buffer[];
  /** The caller gives up after the last piece instead of ending the body. */
  readonly cancelled: boolean;
  /** What is not ordinary about it, for the counts that the test prints. */
  readonly kind: string;
}

const NODES = ['n1', 'n2', 'n3'];

/** Makes a call to report containers: ordinary, or with whatever callers and networks may do to one. */
export function makeCall(chance: Chance): WireCall {
  const message = new MessageGenerator(chance, chance.one(NODES)).message();
  const [kind, headers, body] = wrap(chance, message);
  return {
    kind,
    headers: {
      ':method': 'POST',
      ':path': REPORT_PATH,
      'content-type': chance.one(['application/grpc', 'application/grpc+proto']),
      te: 'trailers',
      ...(chance.next() < 0.2 ? { 'grpc-timeout': chance.one(['10S', '30000m', '2H', '99999999H']) } : {}),
      ...(chance.next() < 0.2 ? { 'grpc-accept-encoding': 'identity,gzip' } : {}),
      ...headers,
    },
    chunks: chance.next() < 0.3 ? cut(body, chance) : [body],
    cancelled: kind === 'cancelled',
  };
}

type Wrapped = readonly [kind: string, headers: Readonly<Record<string, string>>, body: Buffer];

function wrap(chance: Chance, message: Buffer): Wrapped {
  if (chance.next() < 0.6) return ['ordinary', {}, frame(message)];
  const gzip = { 'grpc-encoding': 'gzip' };
  return chance.one<() => Wrapped>([
    () => ['compressed', gzip, frame(gzipSync(message), 1)],
    () => ['compression announced', gzip, frame(message)],
    () => ['compression not announced', {}, frame(gzipSync(message), 1)],
    () => ['compressed wrongly', gzip, frame(message, 1)],
    () => ['unknown compression', { 'grpc-encoding': 'zstd' }, frame(message)],
    () => ['reserved flag', {}, frame(message, chance.between(2, 255))],
    () => ['no message', {}, Buffer.alloc(0)],
    () => ['part of a head', {}, frame(message).subarray(0, chance.between(1, 4))],
    () => ['less than announced', {}, frame(message).subarray(0, 5 + Math.floor(message.length / 2))],
    () => ['more than announced', {}, Buffer.concat([frame(message), Buffer.from('x')])],
    () => ['two messages', {}, Buffer.concat([frame(message), frame(message)])],
    () => ['too large', {}, frame(Buffer.alloc(chance.between(MAX_MESSAGE_BYTES + 1, 40_000)))],
    () => ['of the largest size', {}, frame(Buffer.alloc(MAX_MESSAGE_BYTES))],
    () => ['too large, by its head', {}, frame(message, 0, chance.one([MAX_MESSAGE_BYTES + 1, 0xffff_ffff]))],
    () => ['too late', { 'grpc-timeout': chance.one(['0S', '0n']) }, frame(message)],
    () => ['a bad deadline', { 'grpc-timeout': chance.one(['', '1', 'S', '123456789S', '1 S']) }, frame(message)],
    () => ['another type', { 'content-type': chance.one(['application/grpc+json', 'text/plain', '']) }, frame(message)],
    () => ['JSON', { 'content-type': 'application/json' }, Buffer.from('{"nodeName":"n1"}')],
    () => ['another method', { ':method': 'PUT' }, frame(message)],
    () => ['cancelled', {}, frame(message).subarray(0, chance.between(0, message.length))],
  ])();
}

function frame(message: Buffer, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

function cut(body: Buffer, chance: Chance): readonly Buffer[] {
  const at = chance.between(0, body.length);
  return [body.subarray(0, at), body.subarray(at)];
}
