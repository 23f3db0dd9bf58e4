import type {
  DescMessage,
  DescMethod,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { v1 } from '@statemanager/proto';
import type { CallOptions } from './options.ts';
import type { CallKind } from './retry.ts';

/** The unary methods of a service, by their names in TypeScript. */
export type ServiceClient<S extends DescService> = {
  readonly [
    N in keyof S['method'] as S['method'][N] extends DescMethodUnary ? N : never
  ]: S['method'][N] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : never;
};

/** Calls a unary method. */
export type UnaryCall = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  kind: CallKind,
  request: MessageInitShape<I>,
  options: CallOptions | undefined,
) => Promise<MessageShape<O>>;

const { ReconcileService, DefinitionService } = v1;

/** They say how things should be, or what to try soon: twice is the same as once. */
const REPEATABLE: ReadonlySet<DescMethod> = new Set<DescMethod>([
  DefinitionService.method.applyDefinitions,
  ReconcileService.method.retryReconcile,
  ReconcileService.method.pauseReconcile,
  ReconcileService.method.resumeReconcile,
]);

/** Whether a method does no harm when it is called twice: its `.proto` says so, or the list here. */
export function kindOf(method: DescMethod): CallKind {
  const isDeclared = method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
  return isDeclared || REPEATABLE.has(method) ? 'repeatable' : 'once';
}

/** A client of a service whose methods are called by `call`. */
export function serviceClient<S extends DescService>(service: S, call: UnaryCall): ServiceClient<S> {
  const methods = service.methods
    .filter((method): method is DescMethod & DescMethodUnary => method.methodKind === 'unary')
    .map((method) => [
      method.localName,
      (request: MessageInitShape<DescMessage>, options?: CallOptions) => call(method, kindOf(method), request, options),
    ]);
  return Object.fromEntries(methods) as ServiceClient<S>;
}
