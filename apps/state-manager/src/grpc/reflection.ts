import {
  create,
  toBinary,
  type DescFile,
  type DescMessage,
  type DescService,
  type MessageShape,
} from '@bufbuild/protobuf';
import { createRegistry } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, type ConnectRouter } from '@connectrpc/connect';
import { reflectionV1, reflectionV1Alpha } from '@statemanager/proto';

type Request = reflectionV1.ServerReflectionRequest | reflectionV1Alpha.ServerReflectionRequest;
type Answer = reflectionV1.ServerReflectionResponse['messageResponse'];

/** gRPC's own reflection service, in both versions: clients can list and call without the `.proto` files. */
export function reflect(router: ConnectRouter, services: readonly DescService[]): void {
  const catalogue = new Catalogue(services);
  router.service(reflectionV1.ServerReflection, {
    serverReflectionInfo: (requests) => answers(requests, catalogue, reflectionV1.ServerReflectionResponseSchema),
  });
  router.service(reflectionV1Alpha.ServerReflection, {
    serverReflectionInfo: (requests) => answers(requests, catalogue, reflectionV1Alpha.ServerReflectionResponseSchema),
  });
}

async function* answers<D extends DescMessage>(
  requests: AsyncIterable<Request>,
  catalogue: Catalogue,
  schema: D,
): AsyncGenerator<MessageShape<D>> {
  for await (const originalRequest of requests) {
    const messageResponse = catalogue.answer(originalRequest);
    // Both versions have the same fields, which their types do not say of each other.
    yield create(schema, { validHost: originalRequest.host, originalRequest, messageResponse } as never);
  }
}

/** The files behind some services, by name and by symbol. */
class Catalogue {
  readonly #services: readonly DescService[];
  readonly #files = new Map<string, DescFile>();
  readonly #registry: ReturnType<typeof createRegistry>;

  constructor(services: readonly DescService[]) {
    this.#services = services;
    for (const { file } of services) this.#add(file);
    this.#registry = createRegistry(...this.#files.values());
  }

  answer({ messageRequest }: Request): Answer {
    switch (messageRequest.case) {
      case 'listServices':
        return listed(this.#services.map(({ typeName }) => typeName));
      case 'fileByFilename':
        return this.#withDependencies(
          this.#files.get(`${messageRequest.value.replace(/\.proto$/, '')}`),
          messageRequest.value,
        );
      case 'fileContainingSymbol':
        return this.#withDependencies(this.#fileOf(messageRequest.value), messageRequest.value);
      default:
        return failed(Code.Unimplemented, 'there are no extensions in these files');
    }
  }

  #fileOf(symbol: string): DescFile | undefined {
    const parent = symbol.slice(0, symbol.lastIndexOf('.'));
    return (this.#registry.get(symbol) ?? this.#registry.get(parent))?.file;
  }

  #withDependencies(file: DescFile | undefined, wanted: string): Answer {
    if (file === undefined) return failed(Code.NotFound, `nothing is known of ${wanted}`);
    const files = new Set<DescFile>();
    const collect = (one: DescFile): void => {
      if (files.has(one)) return;
      files.add(one);
      one.dependencies.forEach(collect);
    };
    collect(file);
    const fileDescriptorProto = [...files].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
    return {
      case: 'fileDescriptorResponse',
      value: create(reflectionV1.FileDescriptorResponseSchema, { fileDescriptorProto }),
    };
  }

  #add(file: DescFile): void {
    if (this.#files.has(file.name)) return;
    this.#files.set(file.name, file);
    file.dependencies.forEach((dependency) => this.#add(dependency));
  }
}

function listed(names: readonly string[]): Answer {
  const service = names.map((name) => create(reflectionV1.ServiceResponseSchema, { name }));
  return { case: 'listServicesResponse', value: create(reflectionV1.ListServiceResponseSchema, { service }) };
}

function failed(errorCode: Code, errorMessage: string): Answer {
  return { case: 'errorResponse', value: create(reflectionV1.ErrorResponseSchema, { errorCode, errorMessage }) };
}
