import type { Contents, StoredValue } from './stores.ts';

interface WireRange {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly { readonly key: string; readonly value?: string; readonly mod_revision: string }[];
}

/** Reads keys through etcd's own JSON gateway: nothing of ours is in between. A revision reads the past. */
export async function readEtcd(
  endpoint: string,
  prefix: string,
  revision?: number,
): Promise<{ readonly revision: number; readonly contents: Contents }> {
  const range = { ...rangeOf(prefix), ...(revision === undefined ? {} : { revision: String(revision) }) };
  const { header, kvs = [] } = (await post(endpoint, 'range', range)) as WireRange;
  const entries = kvs.map(({ key, value = '', mod_revision }): [string, StoredValue] => [
    text(key),
    { value: text(value), revision: Number(mod_revision) },
  ]);
  return { revision: Number(header.revision), contents: new Map(entries) };
}

/** Puts a key, as a peer that is not a StateManager does. */
export async function putEtcd(endpoint: string, key: string, value: string): Promise<void> {
  await post(endpoint, 'put', { key: base64(key), value: base64(value) });
}

/** Deletes a key, as a peer does. */
export async function deleteEtcd(endpoint: string, key: string): Promise<void> {
  await post(endpoint, 'deleterange', { key: base64(key) });
}

/** Forgets every revision but the present one. */
export async function compactEtcd(endpoint: string): Promise<void> {
  const { revision } = await readEtcd(endpoint, '');
  await post(endpoint, 'compaction', { revision: String(revision) });
}

/** Deletes every key. */
export async function emptyEtcd(endpoint: string): Promise<void> {
  await post(endpoint, 'deleterange', rangeOf(''));
}

async function post(endpoint: string, method: string, body: object): Promise<unknown> {
  const response = await fetch(`http://${endpoint}/v3/kv/${method}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`etcd answers ${response.status} to ${method}: ${await response.text()}`);
  return response.json();
}

function rangeOf(prefix: string): { key: string; range_end: string } {
  if (prefix === '') return { key: base64('\0'), range_end: base64('\0') };
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return { key: base64(prefix), range_end: end.toString('base64') };
}

function base64(plain: string): string {
  return Buffer.from(plain).toString('base64');
}

function text(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString();
}
