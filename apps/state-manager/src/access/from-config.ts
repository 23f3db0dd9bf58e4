import type { TlsOptions } from '@statemanager/action-client';
import { assertAuthorities, assertIdentity } from '../config/pem.ts';
import { saying } from '../config/problems.ts';
import type { Config, SettingName } from '../config/schema.ts';
import type { Port, PortTls } from '../grpc/port.ts';
import type { Logger } from '../log.ts';
import { Access } from './access.ts';
import { parsePolicy } from './policy.ts';
import { parseTokens } from './tokens.ts';
import { readFile, WatchedFiles, type WatchedFile } from './watched-files.ts';

type FileSetting = Extract<SettingName, 'tls-cert' | 'tls-key' | 'tls-client-ca' | 'peer-ca' | 'policy' | 'tokens'>;

/** Who may do what, as the files say it now, and whenever they change. Throws an error that names setting and problem. */
export function openAccess(config: Config, log: Logger): { readonly access: Access; readonly files: WatchedFiles[] } {
  assertGuarded(config);
  const access = new Access(undefined, undefined);
  const files: WatchedFiles[] = [];
  const follow = (setting: FileSetting, take: (text: string) => void): void => {
    const file = fileOf(config, setting);
    if (file !== undefined) files.push(new WatchedFiles([file], naming(setting, take), log));
  };
  follow('policy', (text) => access.replace({ policy: parsePolicy(text) }));
  follow('tokens', (text) => access.replace({ tokens: parseTokens(text) }));
  return { access, files };
}

/**
 * What may be wrong with who may do what and with certificates, apart from each other: each call throws an error that
 * names setting and problem, or does nothing.
 */
export function accessChecks(config: Config): readonly (() => void)[] {
  const parses = (setting: FileSetting, parse: (text: string) => unknown): void => {
    const file = fileOf(config, setting);
    if (file !== undefined) naming(setting, parse)([readFile(file)]);
  };
  return [
    () => assertGuarded(config),
    () => parses('policy', parsePolicy),
    () => parses('tokens', parseTokens),
    () => portTlsOf(config),
    () => peerTlsOf(config),
  ];
}

/** Nobody is let in from elsewhere by mistake. */
function assertGuarded({ listen, policy, tokens, 'allow-everyone': allow, 'tls-client-ca': ca }: Config): void {
  if (policy === undefined && (tokens !== undefined || ca !== undefined)) {
    throw new Error('--tokens and --tls-client-ca say who calls, and without --policy that counts for nothing');
  }
  if (policy !== undefined || allow === 'yes' || isLoopback(listen.host)) return;
  const how = 'give it a --policy, or say --allow-everyone yes if whoever reaches it may do everything';
  throw new Error(`--listen ${listen.host} can be reached from elsewhere: ${how}`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** The certificate of the port; undefined without TLS. Throws an error that names the setting. */
export function portTlsOf(config: Config): PortTls | undefined {
  const files = certificateFiles(config);
  return files === undefined ? undefined : portTls(files.map(readFile));
}

/** Has the port show what the files say, whenever that changes. */
export function followCertificate(config: Config, port: Port, log: Logger): readonly WatchedFiles[] {
  const files = certificateFiles(config);
  if (files === undefined) return [];
  return [new WatchedFiles(files, (contents) => port.replaceCertificate(portTls(contents)), log)];
}

/** What is shown to ActionController and to other StateManagers; undefined where nothing is said of TLS. */
export function peerTlsOf(config: Config): TlsOptions | undefined {
  const ca = fileOf(config, 'peer-ca');
  const own = certificateFiles(config);
  if (ca === undefined && own === undefined) return undefined;
  const { cert, key } = own === undefined ? {} : portTls(own.map(readFile));
  return { ...(ca && { ca: authoritiesOf(ca) }), ...(cert && key && { cert, key }) };
}

function certificateFiles(config: Config): readonly WatchedFile[] | undefined {
  const [cert, key, ca] = (['tls-cert', 'tls-key', 'tls-client-ca'] as const).map((name) => fileOf(config, name));
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new Error('--tls-cert and --tls-key go together, and --tls-client-ca with both');
  return ca === undefined ? [cert, key] : [cert, key, ca];
}

/** Throws an error that names the settings whose contents are none. */
function portTls([cert, key, ca]: readonly Buffer[]): PortTls {
  assertIdentity(['tls-cert', 'tls-key'], cert as Buffer, key as Buffer);
  if (ca !== undefined) assertAuthorities('tls-client-ca', ca);
  return { cert: cert as Buffer, key: key as Buffer, ...(ca && { ca }) };
}

function authoritiesOf(file: WatchedFile): Buffer {
  const ca = readFile(file);
  assertAuthorities(file.setting, ca);
  return ca;
}

function fileOf(config: Config, setting: FileSetting): WatchedFile | undefined {
  const path = config[setting];
  return path === undefined ? undefined : { setting, path };
}

/** Whoever reads that a file is wrong wants to know which. */
function naming(setting: FileSetting, take: (text: string) => unknown): (contents: readonly Buffer[]) => void {
  return ([content]) => void saying(`--${setting}`, () => take((content as Buffer).toString()));
}
