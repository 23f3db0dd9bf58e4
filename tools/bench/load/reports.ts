import { create, toBinary } from '@bufbuild/protobuf';
import { monitoringserver } from '@statemanager/proto';
import { grpcMessage } from './h2-frames.ts';

/** What a container does in a report. */
export interface ReportedAs {
  readonly status: string;
  readonly exitCode: number;
}

const RUNNING: ReportedAs = { status: 'running', exitCode: 0 };

/** A node's report in Podman's own words, as gRPC frames it. `round` differs in what the rules do not look at. */
export function reportFrame(
  node: number,
  containersCount: number,
  round: number,
  as: (container: number) => ReportedAs = () => RUNNING,
): Buffer {
  const containers = Array.from({ length: containersCount }, (_, i) => containerInfo(node, i, round, as(i)));
  const list = create(monitoringserver.ContainerListSchema, { nodeName: `node-${node}`, containers });
  return grpcMessage(toBinary(monitoringserver.ContainerListSchema, list));
}

/** The model that a container of a report belongs to. */
export function modelOf(node: number, container: number): string {
  return `model-${node}-${container}`;
}

function containerInfo(node: number, i: number, round: number, { status, exitCode }: ReportedAs) {
  const model = modelOf(node, i);
  const noise = (node * 7919 + i * 104_729 + round * 1_299_709) % 1_000_000_007;
  const id = noise.toString(16).padStart(16, '0').repeat(4);
  return {
    id: `${node.toString(16).padStart(8, '0')}${i.toString(16).padStart(8, '0')}${'c0ffee'.repeat(8)}`,
    names: [`/${model}-app`],
    image: 'registry.example/fleet/app:1.4.2',
    state: {
      Status: status,
      Running: String(status === 'running'),
      Paused: String(status === 'paused'),
      Restarting: 'false',
      OOMKilled: 'false',
      Dead: 'false',
      Pid: String(noise % 32_768),
      ExitCode: String(exitCode),
      Error: '',
      StartedAt: new Date(1_700_000_000_000 + noise).toISOString(),
      FinishedAt: '0001-01-01T00:00:00Z',
    },
    config: {
      Hostname: `node-${node}`,
      Image: 'registry.example/fleet/app:1.4.2',
      User: '',
      WorkingDir: '/app',
      Tty: 'false',
      OpenStdin: 'false',
      StopSignal: 'SIGTERM',
      StopTimeout: '10',
      Umask: '0022',
      Timezone: 'local',
      CreateCommand: 'podman play kube',
      Annotations: '',
      Domainname: '',
    },
    annotation: {
      'io.podman.annotations.autoremove': 'FALSE',
      'io.podman.annotations.privileged': 'FALSE',
      'io.pullpiri.annotations.model': model,
      'org.opencontainers.image.stopSignal': '15',
    },
    stats: {
      CpuTotalUsage: String(noise),
      CpuUsageInKernelMode: String(noise >> 3),
      CpuUsageInUserMode: String(noise >> 1),
      MemoryUsage: String(noise % 268_435_456),
      MemoryLimit: '536870912',
      NetworkRxBytes: id.slice(0, 10),
      NetworkTxBytes: id.slice(4, 14),
    },
  };
}
