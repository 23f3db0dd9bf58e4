import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { health, statemanager } from '@statemanager/proto';

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = health.HealthCheckResponse_ServingStatus;

/** gRPC's own health service: serving while the view is loaded and this process leads, or follows one that does. */
export class Health {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  #serving = false;

  constructor(services: readonly string[] = [statemanager.StateManagerConnection.typeName]) {
    this.#services = new Set(['', ...services]);
  }

  set serving(serving: boolean) {
    this.#serving = serving;
    for (const wake of [...this.#watchers]) wake();
  }

  get serving(): boolean {
    return this.#serving;
  }

  /** Adds the service; its watches end when `draining` aborts. */
  routes(router: ConnectRouter, draining: AbortSignal): void {
    router.service(health.Health, {
      check: ({ service }) => {
        if (!this.#services.has(service)) throw new ConnectError(`no service ${service}`, Code.NotFound);
        return this.#answer(service);
      },
      list: () => {
        const statuses = [...this.#services].map((service) => [service, this.#answer(service)] as const);
        return create(health.HealthListResponseSchema, { statuses: Object.fromEntries(statuses) });
      },
      watch: ({ service }, { signal }) => this.#watch(service, AbortSignal.any([signal, draining])),
    });
  }

  async *#watch(service: string, signal: AbortSignal): AsyncGenerator<health.HealthCheckResponse> {
    let said: health.HealthCheckResponse_ServingStatus | undefined;
    while (!signal.aborted) {
      const answer = this.#answer(service);
      if (answer.status === said) {
        await this.#change(signal);
        continue;
      }
      said = answer.status;
      // However long this takes to be read, what changes meanwhile is looked at next.
      yield answer;
    }
  }

  #answer(service: string): health.HealthCheckResponse {
    const known = this.#serving ? SERVING : NOT_SERVING;
    const status = this.#services.has(service) ? known : SERVICE_UNKNOWN;
    return create(health.HealthCheckResponseSchema, { status });
  }

  async #change(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#watchers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
