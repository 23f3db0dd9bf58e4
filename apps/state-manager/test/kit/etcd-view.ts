import { startEtcd } from '@statemanager/etcd-store/testing';

/** A real etcd, read and written through its own JSON gateway: none of our code stands between it and the test. */
export interface EtcdView {
  readonly endpoint: string;
  /** What `--store` takes. */
  readonly storeUrl: string;
  get(key: string): Promise<string | undefined>;
  /** Keys and values under a prefix; all of them for the empty one. */
  list(prefix: string): Promise<ReadonlyMap<string, string>>;
  /** Every key with its value and its revisions: two equal dumps mean that nothing was written in between. */
  dump(): Promise<readonly string[]>;
  put(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  /** Deletes every key. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly version: string;
}

export async function startEtcdView(): Promise<EtcdView> {
  const etcd = await startEtcd();
  const call = async (method: string, body: object): Promise<{ kvs?: readonly KeyValue[] }> => {
    const answer = await fetch(`http://${etcd.endpoint}/v3/kv/${method}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`etcd answers ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { kvs?: readonly KeyValue[] };
  };
  const range = async (prefix: string): Promise<readonly KeyValue[]> => {
    // A range that begins and ends with the zero byte is the whole store.
    const [key, end] = prefix === '' ? ['\0', '\0'] : [prefix, after(prefix)];
    return (await call('range', { key: encode(key), range_end: encode(end) })).kvs ?? [];
  };
  return {
    endpoint: etcd.endpoint,
    storeUrl: `etcd:${etcd.endpoint}`,
    get: async (key) => {
      const [found] = (await call('range', { key: encode(key) })).kvs ?? [];
      return found === undefined ? undefined : decode(found.value);
    },
    list: async (prefix) => new Map((await range(prefix)).map(({ key, value }) => [decode(key), decode(value)])),
    dump: async () =>
      (await range('')).map(
        (kv) => `${decode(kv.key)} ${kv.create_revision}/${kv.mod_revision}/${kv.version} ${decode(kv.value)}`,
      ),
    put: async (key, value) => void (await call('put', { key: encode(key), value: encode(value) })),
    delete: async (key) => void (await call('deleterange', { key: encode(key) })),
    clear: async () => void (await call('deleterange', { key: encode('\0'), range_end: encode('\0') })),
    stop: () => etcd.stop(),
  };
}

/** The first key after all that begin with a prefix. */
function after(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString();
}
