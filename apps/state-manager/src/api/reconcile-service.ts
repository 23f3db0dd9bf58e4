import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import type { ReconcileSteered } from '@statemanager/state-machine';
import type { Logger } from '../log.ts';
import type { Manager } from '../manager.ts';
import type { Forwarder } from '../replicas/forwarder.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import { readName } from '../read/filter.ts';
import type { ReadModel } from '../read/read-model.ts';
import { describeIntent } from '../read/resource.ts';
import { answering, notFound, rejected } from './errors.ts';
import { presentOf, viewOf } from './present.ts';

export interface ReconcileServiceOptions {
  readonly model: ReadModel;
  readonly manager: Manager;
  readonly reconciler: Reconciler;
  readonly forwarder: Forwarder;
  readonly log: Logger;
}

/** Shows and steers what is asked of ActionController. */
export function reconcileService(options: ReconcileServiceOptions): ServiceImpl<typeof v1.ReconcileService> {
  const { forwarder } = options;
  const { method } = v1.ReconcileService;
  return {
    // When each is tried next, only the leader knows.
    listIntents: forwarder.serve(method.listIntents, true, () => answering(() => listIntents(options))),
    retryReconcile: forwarder.serve(method.retryReconcile, true, (request) => answering(() => retry(options, request))),
    pauseReconcile: forwarder.serve(method.pauseReconcile, true, (request, context: HandlerContext) =>
      answering(async () => {
        await steer(options, 'reconcile-paused', request, context);
        return create(v1.PauseReconcileResponseSchema);
      }),
    ),
    resumeReconcile: forwarder.serve(method.resumeReconcile, true, (request, context: HandlerContext) =>
      answering(async () => {
        const { packageName, isNew } = await steer(options, 'reconcile-resumed', request, context);
        // Whoever resumes wants it asked for now; what is left of the backoff is from before.
        if (isNew) options.reconciler.retry(packageName);
        return create(v1.ResumeReconcileResponseSchema);
      }),
    ),
  };
}

function listIntents(options: ReconcileServiceOptions): v1.ListIntentsResponse {
  const { revision } = presentOf(options.model);
  const intents = [...viewOf(options.model).names('intent')].sort().map((name) => intentOf(options, name));
  return create(v1.ListIntentsResponseSchema, {
    intents: intents.filter((intent) => intent !== undefined),
    revision: BigInt(revision),
  });
}

function retry(options: ReconcileServiceOptions, request: v1.RetryReconcileRequest): v1.RetryReconcileResponse {
  const name = readName(request.package, 'package');
  const view = viewOf(options.model);
  if ((view.record('package', name)?.state ?? null) === null) throw notFound(`package ${name}`);
  if (view.intent(name) === undefined) {
    throw new ConnectError(`package ${name} has nothing to reconcile`, Code.FailedPrecondition);
  }
  if (view.record('package', name)?.reconcilePaused) {
    throw new ConnectError(`reconciles of package ${name} are paused: resume them`, Code.FailedPrecondition);
  }
  options.log.info({ package: name }, 'reconcile retried by hand');
  options.reconciler.retry(name);
  const intent = intentOf(options, name);
  return create(v1.RetryReconcileResponseSchema, { ...(intent && { intent }) });
}

/** Pauses or resumes, and says whether that is new. */
async function steer(
  { manager, log }: ReconcileServiceOptions,
  type: ReconcileSteered['type'],
  request: { readonly package: string; readonly source: string },
  { signal }: HandlerContext,
): Promise<{ readonly packageName: string; readonly isNew: boolean }> {
  const packageName = readName(request.package, 'package');
  const outcome = await manager.submit({ type, packageName, at: Date.now() }, { signal });
  if (!outcome.accepted) throw rejected(outcome);
  log.info({ package: packageName, source: request.source.slice(0, 253) }, type);
  return { packageName, isNew: outcome.changes !== undefined };
}

function intentOf({ model, reconciler }: ReconcileServiceOptions, name: string): v1.Intent | undefined {
  const view = viewOf(model);
  const intent = view.intent(name);
  const attempts = view.record('package', name)?.backoff?.attempts ?? 0;
  return intent && describeIntent(name, intent, attempts, (packageName) => reconciler.status(packageName));
}
