import { create } from '@bufbuild/protobuf';
import { monitoringserver } from '@statemanager/proto';
import type { SourceDocument } from './documents.ts';
import { usageError } from './failure.ts';
import { readName } from './kind.ts';
import { didYouMean } from './suggest.ts';

/** The part of a YAML parser that this needs. */
export type ParseYaml = (text: string) => {
  readonly errors: readonly {
    readonly message: string;
    readonly linePos?: readonly { readonly line: number }[] | undefined;
  }[];
  toJS(): unknown;
};

const REPORT_KEYS = ['node', 'containers'] as const;
const CONTAINER_KEYS = [
  'name',
  'model',
  'status',
  'exitCode',
  'oomKilled',
  'id',
  'image',
  'state',
  'config',
  'annotations',
] as const;

/** The annotation that says which model a container belongs to. */
const MODEL_ANNOTATION = 'io.pullpiri.annotations.model';

/** Reads one report. Throws a usage error that names the file, its line and the key. */
export function readReport({ file, line, text }: SourceDocument, parse: ParseYaml): monitoringserver.ContainerList {
  const at = `${file}, line ${line}`;
  const document = parse(text);
  const [error] = document.errors;
  if (error !== undefined) {
    const errorLine = line + (error.linePos?.[0]?.line ?? 1) - 1;
    throw usageError(`${file}, line ${errorLine}: ${error.message.split('\n')[0]?.replace(/ at line .*/, '')}`);
  }
  const report = keysOf(document.toJS(), at, REPORT_KEYS);
  if (typeof report.node !== 'string') throw usageError(`${at}: node must be the name of a node`);
  const containers = report.containers ?? [];
  if (!Array.isArray(containers)) throw usageError(`${at}: containers must be a list; [] says that there are none`);
  return create(monitoringserver.ContainerListSchema, {
    nodeName: readName(report.node),
    containers: containers.map((container: unknown, i) => readContainer(container, `${at}: containers[${i}]`)),
  });
}

function readContainer(value: unknown, at: string): monitoringserver.ContainerInfo {
  const {
    name,
    model,
    status = 'running',
    exitCode,
    oomKilled,
    id,
    image,
    ...maps
  } = keysOf(value, at, CONTAINER_KEYS);
  const text = textOf(name, `${at}.name`);
  const state = {
    Status: textOf(status, `${at}.status`),
    ...(exitCode === undefined ? {} : { ExitCode: textOf(exitCode, `${at}.exitCode`) }),
    ...(oomKilled === undefined ? {} : { OOMKilled: textOf(oomKilled, `${at}.oomKilled`) }),
    ...mapOf(maps.state, `${at}.state`),
  };
  return create(monitoringserver.ContainerInfoSchema, {
    id: id === undefined ? text : textOf(id, `${at}.id`),
    names: [text],
    image: image === undefined ? '' : textOf(image, `${at}.image`),
    state,
    config: mapOf(maps.config, `${at}.config`),
    annotation: {
      ...(model === undefined ? {} : { [MODEL_ANNOTATION]: textOf(model, `${at}.model`) }),
      ...mapOf(maps.annotations, `${at}.annotations`),
    },
  });
}

function keysOf<K extends string>(value: unknown, at: string, known: readonly K[]): Partial<Record<K, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError(`${at} must have the keys ${known.join(', ')}`);
  }
  const unknown = Object.keys(value).find((key) => !known.some((one) => one === key));
  if (unknown === undefined) return value;
  throw usageError(`${at}: there is no key ${unknown}`, ...didYouMean(unknown, known), `Keys are ${known.join(', ')}.`);
}

/** Podman's facts are texts; YAML may write them as numbers and booleans. */
function textOf(value: unknown, at: string): string {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw usageError(`${at} must be a text, a number, or true or false`);
}

function mapOf(value: unknown, at: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw usageError(`${at} must be keys with values`);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, textOf(one, `${at}.${key}`)]));
}
