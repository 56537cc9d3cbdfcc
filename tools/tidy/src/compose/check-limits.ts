/** Every container has limits, a restart policy, and minimal privileges. */
import type { Container, Deployment } from './deployment.ts';

export function checkLimits({ containers }: Deployment): string[] {
  return containers.flatMap((container) =>
    problemsOf(container).map((problem) => `service ${container.name} ${problem}`),
  );
}

function problemsOf(container: Container): string[] {
  const { restart, build, logging, security_opt, cap_drop, read_only, volumes, deploy } = container;
  const { limits, reservations } = deploy?.resources ?? {};
  // GPU engines compile at run time, and use the memory that the model needs.
  const isGpu = (reservations?.devices ?? []).length > 0;
  const required: readonly (readonly [boolean, string])[] = [
    [
      restart === 'unless-stopped' || (restart === 'no' && build !== undefined),
      'has no restart policy: restart: unless-stopped',
    ],
    [logging?.options['max-size'] !== undefined, 'writes logs without a bound: set logging.options.max-size'],
    [security_opt.includes('no-new-privileges:true'), 'may gain privileges: security_opt: no-new-privileges:true'],
    [
      container['privileged'] !== true && container['network_mode'] !== 'host',
      'is not isolated: remove privileged and network_mode: host',
    ],
    [
      !volumes.some((mount) => mount.includes('docker.sock')),
      'has the socket of Docker, which grants root on this machine',
    ],
    [isGpu || read_only, 'can change its own files: read_only: true'],
    [isGpu || cap_drop.includes('ALL'), 'keeps capabilities: cap_drop: [ALL]'],
    [isGpu || limits?.memory !== undefined, 'has no bound on its memory: deploy.resources.limits.memory'],
    [isGpu || limits?.pids !== undefined, 'has no bound on its processes: deploy.resources.limits.pids'],
  ];
  return required.filter(([holds]) => !holds).map(([, problem]) => problem);
}
