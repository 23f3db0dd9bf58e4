import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { etcdFlags } from './etcd-flags.ts';
import { waitUntilHealthy } from './etcd-health.ts';
import type { EtcdRunner, EtcdSettings } from './etcd-settings.ts';

/** How much of etcd's log is kept for the error that says why it did not start. */
const LOG_KEPT_CHARACTERS = 2000;

/**
 * Starts etcd, prints its process id, and "ended" when it ends. Kills it when its own input ends: the kernel does that
 * when the starter dies, however it dies, and then nobody needs the data any more either, whose directory is `$0`, nor
 * reads what the guard prints.
 */
const GUARD = `
exec 3<&0
"$@" </dev/null >/dev/null 3<&- & etcd=$!
echo $etcd
trap '' PIPE
(order=$(cat <&3); kill -9 $etcd 2>/dev/null; [ "$order" = keep ]) & watcher=$!
wait $etcd
echo ended 2>/dev/null
wait $watcher || rm -rf "$0"
`;

/** Where etcd is, if it is on PATH. */
export function etcdOnPath(): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'etcd'));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs the etcd that is on PATH. */
export function etcdFromPath(settings: EtcdSettings): EtcdRunner {
  let running: { guard: ChildProcess; pid: number } | undefined;
  return {
    start: async () => {
      const args = ['-c', GUARD, settings.dataDir, 'etcd', ...etcdFlags(settings, '127.0.0.1', settings.dataDir)];
      const guard = spawn('sh', args, { stdio: ['pipe', 'pipe', 'pipe'] });
      let log = '';
      let ended = false;
      guard.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-LOG_KEPT_CHARACTERS)));
      guard.stdout.setEncoding('utf8').on('data', (text: string) => (ended ||= text.includes('ended')));
      const [line] = (await once(guard.stdout, 'data')) as [string];
      running = { guard, pid: Number.parseInt(line, 10) };
      await waitUntilHealthy(settings, () => !ended || log);
    },
    kill: async () => {
      if (running === undefined) return;
      const { guard } = running;
      running = undefined;
      const gone = once(guard, 'close');
      guard.stdin?.end('keep\n');
      await gone;
    },
    signal: (name) => {
      if (running !== undefined) process.kill(running.pid, name);
    },
  };
}
