import { create } from '@bufbuild/protobuf';
import { monitoringserver } from '@statemanager/proto';
import type { Report, ReportedContainer } from '@statemanager/state-machine';
import { ANNOTATIONS } from '../grpc/read-report.ts';

/** A report as its NodeAgent might have sent it: read again, it says the same. What the rules do not look at is left out. */
export function reportMessage({ node, containers }: Report): monitoringserver.ContainerList {
  return create(monitoringserver.ContainerListSchema, { nodeName: node, containers: containers.map(describe) });
}

function describe(container: ReportedContainer): monitoringserver.ContainerInfo {
  const { model, name, status, running, dead, oomKilled, exitCode } = container;
  return create(monitoringserver.ContainerInfoSchema, {
    // A name loses one slash when it is read, and a container may have none.
    names: name === '' ? [] : [`/${name}`],
    annotation: { [ANNOTATIONS[0]]: model },
    state: {
      Status: status,
      Running: String(running),
      Dead: String(dead),
      OOMKilled: String(oomKilled),
      ...(exitCode === undefined ? undefined : { ExitCode: String(exitCode) }),
    },
  });
}
