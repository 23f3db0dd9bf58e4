import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { rawCall, type RawCall } from './raw-call.ts';
import { useUntouchedWorld } from './untouched.ts';
import { NOT_UTF8, bytesField, entryField, frame, numberField, stateChange, varint } from './wire-format.ts';

const STATUS = { INVALID_ARGUMENT: 3, RESOURCE_EXHAUSTED: 8, UNIMPLEMENTED: 12, INTERNAL: 13 } as const;
const REPORT = 'SendChangedContainerList';
const OFFLOAD = 'TriggerOffloading';

const right = stateChange();
const report = (container: Buffer): Buffer =>
  frame(Buffer.concat([bytesField(1, 'n'), bytesField(2, ''), bytesField(2, container)]));
const gzip = { 'grpc-encoding': 'gzip' };

describe('text that is no UTF-8', () => {
  const world = useUntouchedWorld();

  const CHANGE_FIELDS = { 2: 'resource_name', 3: 'current_state', 4: 'target_state', 5: 'transition_id', 7: 'source' };
  const OFFLOAD_FIELDS = [
    'scenario_name',
    'package_name',
    'model_name',
    'source_node',
    'target_node',
    'policy_name',
    'reason',
  ];
  const CASES: readonly (readonly [field: string, call: RawCall])[] = [
    ...Object.entries(CHANGE_FIELDS).map(
      ([n, field]) => [field, { body: frame(stateChange({ [n]: bytesField(Number(n), NOT_UTF8) })) }] as const,
    ),
    ...OFFLOAD_FIELDS.map(
      (field, i) => [field, { method: OFFLOAD, body: frame(bytesField(i + 1, NOT_UTF8)) }] as const,
    ),
    ['node_name', { method: REPORT, body: frame(bytesField(1, NOT_UTF8)) }],
    ['containers[1].id', { method: REPORT, body: report(bytesField(1, NOT_UTF8)) }],
    [
      'containers[1].names[1]',
      { method: REPORT, body: report(Buffer.concat([bytesField(2, 'a'), bytesField(2, NOT_UTF8)])) },
    ],
    ['containers[1].image', { method: REPORT, body: report(bytesField(3, NOT_UTF8)) }],
    ...['state', 'config', 'annotation', 'stats'].flatMap((field, i) => [
      [`containers[1].${field}, in a key`, { method: REPORT, body: report(entryField(i + 4, NOT_UTF8, 'x')) }] as const,
      [
        `containers[1].${field}, in a value`,
        { method: REPORT, body: report(entryField(i + 4, 'x', NOT_UTF8)) },
      ] as const,
    ]),
    ['action', { method: 'SendAction', body: frame(bytesField(1, NOT_UTF8)) }],
  ];

  it.each(CASES)('in %s: INVALID_ARGUMENT that names it', async (field, call) => {
    const answer = await rawCall(world().service.address, call);
    expect(answer).toMatchObject({ http: 200, grpc: STATUS.INVALID_ARGUMENT });
    expect(answer.message).toContain(`${field}: it is not valid UTF-8`);
  });
});

describe('a message that cannot be decoded', () => {
  const world = useUntouchedWorld();

  const CASES: readonly [what: string, message: Buffer, says: RegExp][] = [
    [
      'a number where a text belongs',
      Buffer.concat([numberField(2, 5), numberField(4, 7)]),
      /resource_name: .*wire type 0/,
    ],
    ['a text where a number belongs', stateChange({ 1: bytesField(1, 'x') }), /resource_type: .*wire type 2/],
    ['a wire type that does not exist', Buffer.from([0x0f, 0x01]), /illegal tag/],
    ['a field with the number zero', Buffer.from([0x00, 0x01]), /illegal tag/],
    ['the end of a group that never began', Buffer.from([0x0c]), /resource_type: .*wire type 4/],
    ['a group that never ends', Buffer.from([0x0b]), /resource_type: .*wire type 3/],
    ['a number that never ends', Buffer.from([0x08, ...Array<number>(11).fill(0xff)]), /resource_type/],
    ['a number that is cut short', Buffer.from([0x08, 0xff]), /resource_type: premature EOF/],
    [
      'a text longer than the message',
      Buffer.concat([varint(18), varint(1000), Buffer.from('ab')]),
      /resource_name: premature EOF/,
    ],
    ['random bytes', Buffer.from('deadbeefcafebabe'.repeat(4), 'hex'), /cannot decode statemanager.StateChange/],
    ['a web page', Buffer.from('<html>hello</html>'), /cannot decode statemanager.StateChange/],
  ];

  it.each(CASES)('%s: INVALID_ARGUMENT', async (_what, message, says) => {
    const answer = await rawCall(world().service.address, { body: frame(message) });
    expect(answer).toMatchObject({ http: 200, grpc: STATUS.INVALID_ARGUMENT });
    expect(answer.message).toMatch(says);
  });

  it('20,000 groups in each other: INVALID_ARGUMENT', async () => {
    const body = frame(Buffer.alloc(20_000, 0x53));
    const answer = await rawCall(world().service.address, { method: REPORT, body });
    expect(answer.grpc).toBe(STATUS.INVALID_ARGUMENT);
    expect(answer.message).toContain('recursion depth');
  });
});

describe('a frame that is wrong', () => {
  const world = useUntouchedWorld();
  const { INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL } = STATUS;
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));

  const CASES: readonly [what: string, status: number, call: RawCall, says: RegExp][] = [
    ['none at all', UNIMPLEMENTED, {}, /missing input message/],
    ['a head of three bytes', INVALID_ARGUMENT, { body: Buffer.from([0, 0, 0]) }, /incomplete envelope/],
    ['a message that is cut off', INVALID_ARGUMENT, { body: frame(right).subarray(0, 12) }, /incomplete envelope/],
    ['a length of 4 GiB', RESOURCE_EXHAUSTED, { body: frame(right, { length: 0xffffffff }) }, /4294967295.*16777216/],
    ['a length that is too short', INVALID_ARGUMENT, { body: frame(right, { length: right.length - 3 }) }, /source/],
    ['two messages', UNIMPLEMENTED, { body: Buffer.concat([frame(right), frame(right)]) }, /extra input message/],
    ['a flag of 2', INVALID_ARGUMENT, { body: frame(right, { flag: 2 }) }, /compressed flag/],
    ['a flag of 128', INVALID_ARGUMENT, { body: frame(right, { flag: 128 }) }, /compressed flag/],
    ['a flag of 255', INVALID_ARGUMENT, { body: frame(right, { flag: 255 }) }, /compressed flag/],
    ['a compressed flag without an encoding', INTERNAL, { body: frame(right, { flag: 1 }) }, /compressed/],
    ['an unknown encoding', UNIMPLEMENTED, { headers: { 'grpc-encoding': 'lzma' }, body: frame(right) }, /lzma/],
    ['gzip that is none', INVALID_ARGUMENT, { headers: gzip, body: frame(right, { flag: 1 }) }, /decompression/],
    ['gzip that unfolds to 64 MiB', RESOURCE_EXHAUSTED, { headers: gzip, body: frame(bomb, { flag: 1 }) }, /16777216/],
    [
      'a timeout that is none',
      INVALID_ARGUMENT,
      { headers: { 'grpc-timeout': 'soon' }, body: frame(right) },
      /timeout.*soon/,
    ],
  ];

  it.each(CASES)('%s: gRPC status %i', async (_what, status, call, says) => {
    const answer = await rawCall(world().service.address, call);
    expect(answer).toMatchObject({ http: 200, grpc: status });
    expect(answer.message).toMatch(says);
  });
});

describe('a request that is none of ours', () => {
  const world = useUntouchedWorld();
  const body = frame(right);

  const CASES: readonly [what: string, http: number, call: RawCall][] = [
    ['plain text', 415, { headers: { 'content-type': 'text/plain' }, body }],
    ['no content type', 415, { headers: { 'content-type': undefined }, body }],
    ['another codec', 415, { headers: { 'content-type': 'application/grpc+thrift' }, body }],
    ['GET', 405, { headers: { ':method': 'GET' } }],
    ['PUT', 405, { headers: { ':method': 'PUT' }, body }],
    ['another method', 404, { path: '/statemanager.StateManagerConnection/Nothing', body }],
    ['another service', 404, { path: '/statemanager.v9.Nothing/Nothing', body }],
    ['a path that climbs', 404, { path: '/statemanager.StateManagerConnection/../../etc/passwd', body }],
  ];

  it.each(CASES)('%s: HTTP status %i', async (_what, http, call) => {
    const answer = await rawCall(world().service.address, call);
    expect(answer).toMatchObject({ http, error: undefined });
  });
});

describe('JSON that is wrong', () => {
  const world = useUntouchedWorld();

  it.each([
    ['cut off', '{"resourceName":', /StateChange/],
    ['a list', '[]', /StateChange/],
    ['a number for a text', '{"resourceName":7}', /resource_name/],
    ['a number out of range', '{"timestampNs":"9999999999999999999999"}', /timestamp_ns/],
    ['a field twice', '{"resourceName":"a","resource_name":"b"}', /resource_name/],
    ['nested a thousand times', '{"source":'.repeat(1000), /StateChange/],
  ])('%s: HTTP status 400 that says where', async (_what, json, says) => {
    const headers = { 'content-type': 'application/json', te: undefined };
    const answer = await rawCall(world().service.address, { headers, body: Buffer.from(json) });
    expect(answer.http).toBe(400);
    const { code, message } = JSON.parse(answer.body.toString()) as { code: string; message: string };
    expect(code).toBe('invalid_argument');
    expect(message).toMatch(says);
  });
});
