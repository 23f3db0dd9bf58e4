import { spawnSync } from 'node:child_process';
import { runInherited } from './process.ts';

const PACKAGES = ['etcd-server', 'etcd-client'];

/**
 * Sees to it that tests find a real etcd: in PATH, else from Debian's packages where this user may install them, else
 * through Docker. Resolves with 0 if there is one, else says what to install and resolves with 1.
 */
export async function ensureEtcd(): Promise<number> {
  if (answers('etcd', ['--version']) && answers('etcdctl', ['version'])) return 0;
  if (mayInstall()) {
    process.stdout.write(`etcd is not installed: installing Debian's packages ${PACKAGES.join(' and ')}\n`);
    await runInherited('apt-get', ['update', '-qq']);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await runInherited('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES], { env });
    if (answers('etcd', ['--version'])) return 0;
  }
  if (answers('docker', ['info'])) return 0;
  process.stderr.write(
    `The tests need a real etcd: install etcd 3.4 or newer so that it is in PATH (on Debian: apt-get install ${PACKAGES.join(' ')}), or start Docker.\n`,
  );
  return 1;
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && answers('apt-get', ['--version']);
}

function answers(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

if (import.meta.main) process.exitCode = await ensureEtcd();
