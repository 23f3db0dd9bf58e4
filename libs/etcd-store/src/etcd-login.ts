import { authIsOff } from './call-failure.ts';
import type { EtcdAuth } from './credentials.ts';
import type { RpcFailure, UnaryCalls, UnaryResult } from './etcd-calls.ts';

/** What a call carries to say who makes it: nothing, where etcd has no users. */
export interface Pass {
  readonly token: string | undefined;
}

type Authenticate = (
  request: UnaryCalls['authenticate']['request'],
  deadline: Date,
) => Promise<UnaryResult<UnaryCalls['authenticate']['response']>>;

/** Logs in to one server when a call first needs it, and again after its token was refused. */
export class EtcdLogin {
  readonly #auth: EtcdAuth;
  readonly #authenticate: Authenticate;
  #pass: Pass | undefined;
  #asking: Promise<Pass | { readonly failure: RpcFailure }> | undefined;

  constructor(auth: EtcdAuth, authenticate: Authenticate) {
    this.#auth = auth;
    this.#authenticate = authenticate;
  }

  /** The pass, or why there is none. Whoever comes while it is asked for gets the same answer. */
  async pass(deadline: Date): Promise<Pass | { readonly failure: RpcFailure }> {
    if (this.#pass !== undefined) return this.#pass;
    this.#asking ??= this.#ask(deadline);
    return await this.#asking;
  }

  /** Has the next call log in anew, unless somebody has done that since `pass` was given. */
  forget(pass = this.#pass): void {
    if (this.#pass === pass) this.#pass = undefined;
  }

  async #ask(deadline: Date): Promise<Pass | { readonly failure: RpcFailure }> {
    const { username: name, password } = this.#auth;
    try {
      const result = await this.#authenticate({ name, password }, deadline);
      if ('failure' in result && !authIsOff(result.failure)) return { failure: result.failure };
      return (this.#pass = { token: 'response' in result ? result.response.token : undefined });
    } finally {
      this.#asking = undefined;
    }
  }
}
