import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, createClient, createRouterTransport } from '@connectrpc/connect';
import { health, reflectionV1, reflectionV1Alpha, statemanager } from '@statemanager/proto';
import { describe, expect, it } from 'vitest';
import { reflect } from './reflection.ts';

const SERVICES = [statemanager.StateManagerConnection, health.Health];
const transport = createRouterTransport((router) => reflect(router, SERVICES));

type Answer = reflectionV1.ServerReflectionResponse['messageResponse'];

/** What is answered to questions that are asked in one stream. */
async function ask(
  ...requests: NonNullable<MessageInitShape<typeof reflectionV1.ServerReflectionRequestSchema>['messageRequest']>[]
): Promise<Answer[]> {
  const client = createClient(reflectionV1.ServerReflection, transport);
  const answers: Answer[] = [];
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream of requests is what it is
  const asked = (async function* () {
    for (const messageRequest of requests) yield { host: 'h', messageRequest };
  })();
  for await (const { messageResponse } of client.serverReflectionInfo(asked)) answers.push(messageResponse);
  return answers;
}

function filesOf(answer: Answer | undefined): string[] {
  if (answer?.case !== 'fileDescriptorResponse') return [];
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

describe('reflection', () => {
  it('lists the services', async () => {
    const [answer] = await ask({ case: 'listServices', value: '' });
    expect(answer?.case === 'listServicesResponse' && answer.value.service.map(({ name }) => name)).toEqual([
      'statemanager.StateManagerConnection',
      'grpc.health.v1.Health',
    ]);
  });

  it.each([
    'statemanager.StateManagerConnection',
    'statemanager.StateManagerConnection.SendStateChange',
    'statemanager.StateChange',
    'statemanager.StateChange.resource_name',
    'statemanager.ResourceType',
  ])('gives the files behind %s, with what they import', async (value) => {
    const [answer] = await ask({ case: 'fileContainingSymbol', value });
    expect(filesOf(answer)).toEqual(['statemanager.proto', 'monitoringserver.proto']);
  });

  it('gives a file by its name, also one that is only imported', async () => {
    const [first, second] = await ask(
      { case: 'fileByFilename', value: 'monitoringserver.proto' },
      { case: 'fileByFilename', value: 'statemanager.proto' },
    );
    expect(filesOf(first)).toEqual(['monitoringserver.proto']);
    expect(filesOf(second)).toHaveLength(2);
  });

  it.each([
    [{ case: 'fileContainingSymbol', value: 'no.such.Thing' }, Code.NotFound],
    [{ case: 'fileContainingSymbol', value: '' }, Code.NotFound],
    [{ case: 'fileByFilename', value: 'no.proto' }, Code.NotFound],
    [{ case: 'allExtensionNumbersOfType', value: 'statemanager.StateChange' }, Code.Unimplemented],
  ] as const)('answers what it does not know with an error, and goes on: %j', async (request, errorCode) => {
    const [failed, listed] = await ask({ ...request }, { case: 'listServices', value: '' });
    expect(failed).toMatchObject({ case: 'errorResponse', value: { errorCode } });
    expect(listed?.case).toBe('listServicesResponse');
  });

  it('speaks the older version too', async () => {
    const client = createClient(reflectionV1Alpha.ServerReflection, transport);
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream of requests is what it is
    const asked = (async function* () {
      yield { messageRequest: { case: 'listServices' as const, value: '' } };
    })();
    for await (const { messageResponse } of client.serverReflectionInfo(asked)) {
      expect(messageResponse.case === 'listServicesResponse' && messageResponse.value.service).toHaveLength(2);
    }
  });
});
