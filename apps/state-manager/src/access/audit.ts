import { isMessage, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { statemanager, v1 } from '@statemanager/proto';

/** What a call asked for, and what became of it: names, and nothing of what documents say. */
export interface Audited {
  readonly method: string;
  readonly [detail: string]: string | readonly string[] | boolean;
}

type Describe = (request: object, response: object | undefined) => Readonly<Record<string, string | readonly string[]>>;

const MAX_LENGTH = 253;
const MAX_NAMES_COUNT = 20;

/** How each kind of change is noted. A method that is not here changes nothing, or is noted by what follows from it. */
const DESCRIPTIONS: readonly Describe[] = [
  describe(statemanager.StateChangeSchema, (request, response) => ({
    kind: statemanager.ResourceType[request.resourceType] ?? String(request.resourceType),
    name: request.resourceName,
    target: request.targetState,
    transitionId: request.transitionId,
    source: request.source,
    ...(isMessage(response, statemanager.StateChangeResponseSchema) && {
      outcome: statemanager.ErrorCode[response.errorCode] ?? String(response.errorCode),
      problem: response.errorDetails,
    }),
  })),
  describe(statemanager.OffloadingRequestSchema, ({ modelName, sourceNode, targetNode }) => ({
    model: modelName,
    sourceNode,
    targetNode,
  })),
  describe(v1.ApplyDefinitionsRequestSchema, ({ dryRun }, response) => ({
    ...(dryRun && { dryRun: 'yes' }),
    ...(isMessage(response, v1.ApplyDefinitionsResponseSchema) && {
      documents: response.definitions
        .slice(0, MAX_NAMES_COUNT)
        .map(({ kind, name, action }) => `${kind}/${name} ${action}`),
    }),
  })),
  describe(v1.DeleteDefinitionRequestSchema, ({ kind, name }) => ({ kind, name })),
  describe(v1.RetryReconcileRequestSchema, (request) => ({ package: request.package })),
  describe(v1.PauseReconcileRequestSchema, (request) => ({ package: request.package, source: request.source })),
  describe(v1.ResumeReconcileRequestSchema, (request) => ({ package: request.package, source: request.source })),
  describe(v1.ForgetNodeRequestSchema, ({ name, source }) => ({ node: name, source })),
  describe(v1.DeleteResourceRequestSchema, ({ kind, name, source }) => ({ kind, name, source })),
];

/** What to note of a call; undefined if it is none that changes anything. */
export function auditOf(method: string, request: object, response: object | undefined): Audited | undefined {
  for (const one of DESCRIPTIONS) {
    const details = one(request, response);
    if (Object.keys(details).length === 0) continue;
    const outcome = response === undefined ? {} : { outcome: 'done' };
    return { method, ...outcome, ...shortened(details) };
  }
  return undefined;
}

function describe<D extends DescMessage>(
  schema: D,
  details: (request: MessageShape<D>, response: object | undefined) => ReturnType<Describe>,
): Describe {
  return (request, response) => (isMessage(request, schema) ? details(request, response) : {});
}

/** Callers may send megabytes where a name belongs. */
function shortened(details: ReturnType<Describe>): ReturnType<Describe> {
  return Object.fromEntries(
    Object.entries(details)
      .filter(([, value]) => value.length > 0)
      .map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, MAX_LENGTH) : value]),
  );
}
