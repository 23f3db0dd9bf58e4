import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const FOLDER = fileURLToPath(new URL('../../../../deploy/', import.meta.url));

/** How a file under `deploy/` starts the service. */
export interface Start {
  /** `compose.yaml: state-manager-1`. */
  readonly where: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A Kubernetes object, as far as it is looked at here. */
export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  /** A namespace has none. */
  readonly spec?: {
    readonly selector?: object;
    readonly podSelector?: object;
    readonly serviceName?: string;
    readonly template?: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec };
  };
}

interface PodSpec {
  readonly containers: readonly { readonly args: readonly string[]; readonly env: readonly { name: string }[] }[];
}

/** A service of the compose file, as far as it is looked at here. */
export interface ComposeService {
  readonly command: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly networks?: { readonly default: { readonly aliases: readonly string[] } };
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
}

/** The paths of files below `deploy/` that match. */
export function deployFiles(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: FOLDER }).toSorted();
}

/** A file's text. */
export function readDeployFile(path: string): string {
  return readFileSync(`${FOLDER}${path}`, 'utf8');
}

/** A YAML file's documents; throws with the first thing that is wrong. */
export function readYaml(path: string): readonly unknown[] {
  // Compose files use YAML 1.1's merge keys.
  const documents = parseAllDocuments(readDeployFile(path), { merge: true });
  return documents.map((document) => {
    for (const problem of [...document.errors, ...document.warnings]) throw new Error(`${path}: ${problem.message}`);
    return document.toJS() as unknown;
  });
}

/** The services of the compose file. */
export function readCompose(): Compose['services'] {
  return (readYaml('compose.yaml')[0] as Compose).services;
}

/** Every object of `deploy/kubernetes`. */
export function kubernetesObjects(): readonly KubernetesObject[] {
  return deployFiles('kubernetes/*.yaml')
    .filter((path) => !path.endsWith('kustomization.yaml'))
    .flatMap((path) => readYaml(path) as KubernetesObject[]);
}

/** Every place that starts the service, with what it gives it. */
export function starts(): readonly Start[] {
  return [...composeStarts(), ...kubernetesStarts(), ...quadletStarts(), ...systemdStarts(), imageStart()];
}

function composeStarts(): Start[] {
  return Object.entries(readCompose())
    .filter(([name]) => name.startsWith('state-manager'))
    .map(([name, { command }]) => ({ where: `compose.yaml: ${name}`, args: command, env: {} }));
}

function kubernetesStarts(): Start[] {
  const pods = kubernetesObjects().flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
  return pods.map(({ args, env }) => ({
    where: 'kubernetes',
    // Kubernetes puts in the value of a variable that the container has, and leaves any other as it stands.
    args: args.map((arg) => env.reduce((text, { name }) => text.replaceAll(`$(${name})`, name.toLowerCase()), arg)),
    env: {},
  }));
}

function quadletStarts(): Start[] {
  return deployFiles('quadlet/state-manager*.container').map((path) => {
    const unit = readDeployFile(path);
    const file = /^EnvironmentFile=.*\/(.*)$/m.exec(unit)?.[1];
    return {
      where: path,
      args: wordsOf(/^Exec=(.*)$/m.exec(unit)?.[1] ?? ''),
      env: file === undefined ? {} : variablesOf(readDeployFile(`quadlet/${file}`)),
    };
  });
}

function systemdStarts(): Start[] {
  return deployFiles('systemd/*.service').map((path) => {
    const command = /^ExecStart=.*dist\/main\.js (.*)$/m.exec(readDeployFile(path))?.[1] ?? '';
    return { where: path, args: wordsOf(command.replace('${CONFIGURATION_DIRECTORY}', `${FOLDER}systemd`)), env: {} };
  });
}

function imageStart(): Start {
  const variables = [...readDeployFile('Dockerfile').matchAll(/^ENV (STATEMANAGER_.*)$/gm)].map(
    ([, text = '']) => text,
  );
  return { where: 'Dockerfile', args: [], env: variablesOf(variables.join('\n')) };
}

function wordsOf(command: string): string[] {
  return command.split(' ').filter((word) => word !== '');
}

function variablesOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}
