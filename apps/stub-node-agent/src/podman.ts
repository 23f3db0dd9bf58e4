import type { MessageInitShape } from '@bufbuild/protobuf';
import type { monitoringserver } from '@statemanager/proto';
import type { Container } from './container.ts';
import type { FleetNode, Pod } from './fleet.ts';

/** A container in the words of Podman's inspect, as it goes over the wire. */
export type InspectedContainer = Exclude<
  MessageInitShape<typeof monitoringserver.ContainerInfoSchema>,
  { $typeName: string }
>;

/** The annotation by which ActionController tells a container's model. */
const MODEL_ANNOTATION = 'io.pullpiri.annotations.model';
/** How Podman writes a time that never was. */
const NEVER = '0001-01-01T00:00:00Z';

/**
 * What Podman says of a node's containers: each model's containers and its pod's pause container, which carries no
 * annotations. `poll` counts the looks, so that the statistics differ from one to the next as real ones do.
 */
export function inspectNode(node: FleetNode, poll: number): InspectedContainer[] {
  return Array.from(node.pods.values()).flatMap((pod) => {
    const present = pod.containers.filter((container) => container.state !== 'removed');
    if (present.length === 0) return [];
    return [inspectPause(node, pod, poll), ...present.map((container) => inspect(node, pod, container, poll))];
  });
}

function inspect(node: FleetNode, pod: Pod, container: Container, poll: number): InspectedContainer {
  return {
    id: container.id,
    names: [container.name],
    image: container.image,
    state: stateOf(container),
    config: configOf(node, container.image, pod.startedAt),
    annotation: { [MODEL_ANNOTATION]: pod.model, 'io.podman.annotations.autoremove': 'FALSE' },
    stats: statsOf(container, poll),
  };
}

function inspectPause(node: FleetNode, pod: Pod, poll: number): InspectedContainer {
  const image = 'localhost/podman-pause:5.4.2-0';
  const pause = { state: 'running', exitCode: 0, oomKilled: false, finishedAt: undefined } as const;
  const facts = { ...pause, pid: pod.pausePid, startedAt: pod.startedAt };
  return {
    id: pod.pauseId,
    names: [`${pod.pauseId.slice(0, 12)}-infra`],
    image,
    state: stateOf(facts),
    config: configOf(node, image, pod.startedAt),
    annotation: {},
    stats: statsOf(facts, poll),
  };
}

type Facts = Pick<Container, 'state' | 'exitCode' | 'oomKilled' | 'pid' | 'startedAt' | 'finishedAt'>;

function stateOf(container: Facts): Record<string, string> {
  return {
    Status: container.state,
    Running: String(container.state === 'running'),
    Paused: String(container.state === 'paused'),
    Restarting: 'false',
    OOMKilled: String(container.oomKilled),
    Dead: 'false',
    Pid: String(container.pid),
    ExitCode: String(container.exitCode),
    Error: '',
    StartedAt: container.startedAt.toISOString(),
    FinishedAt: container.finishedAt?.toISOString() ?? NEVER,
  };
}

function configOf(node: FleetNode, image: string, createdAt: Date): Record<string, string> {
  return {
    Hostname: node.name,
    Domainname: '',
    User: '',
    AttachStdin: 'false',
    AttachStdout: 'false',
    AttachStderr: 'false',
    Tty: 'false',
    OpenStdin: 'false',
    StdinOnce: 'false',
    Image: image,
    WorkingDir: '/',
    StopSignal: 'SIGTERM',
    CreatedAt: createdAt.toISOString(),
  };
}

function statsOf(container: Pick<Facts, 'state' | 'pid'>, poll: number): Record<string, string> {
  const busy = container.state === 'running' ? 1 : 0;
  return {
    CpuTotalUsage: String(poll * 1_000_000 + container.pid),
    CpuUsageInUserMode: String(poll * 700_000),
    CpuUsageInKernelMode: String(poll * 300_000),
    MemoryUsage: String(busy * (8_388_608 + ((poll * 4096) % 1_048_576))),
    MemoryLimit: '134217728',
    NetworkRxBytes: String(poll * 512),
    NetworkTxBytes: String(poll * 256),
  };
}
