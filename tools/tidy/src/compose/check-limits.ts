/** Every container is bounded, comes back when it ends, and may do no more than it has to. */
import type { ComposeService } from './compose-file.ts';
import type { Deployment } from './deployment.ts';

interface Limits {
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly network_mode?: string;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly logging?: { readonly options?: Readonly<Record<string, unknown>> };
  readonly deploy?: {
    readonly resources?: {
      readonly limits?: { readonly memory?: string; readonly pids?: number };
      readonly reservations?: { readonly devices?: readonly unknown[] };
    };
  };
}

export function checkLimits({ compose }: Deployment): string[] {
  return compose.services.flatMap((service) =>
    problemsOf(service).map((problem) => `service ${service.name} ${problem}`),
  );
}

function problemsOf({ rest, build, ports, mounts }: ComposeService): string[] {
  const {
    restart,
    read_only,
    privileged,
    network_mode,
    cap_drop = [],
    security_opt = [],
    logging,
    deploy,
  } = rest as Limits;
  const resources = deploy?.resources;
  const isGpu = (resources?.reservations?.devices ?? []).length > 0;
  const required: readonly (readonly [boolean, string])[] = [
    [
      restart === 'unless-stopped' || restart === 'no',
      "does not say what happens when it ends: restart: unless-stopped, or 'no'",
    ],
    [restart !== 'no' || build !== undefined, 'is a foreign server that is not started again when it ends'],
    [logging?.options?.['max-size'] !== undefined, 'writes logs without a bound: give logging.options.max-size'],
    [security_opt.includes('no-new-privileges:true'), 'may gain privileges: security_opt: no-new-privileges:true'],
    [
      privileged !== true && network_mode !== 'host',
      'is not contained: neither privileged nor in the network of the host',
    ],
    [
      !mounts.some(({ source }) => source.includes('docker.sock')),
      'has the socket of Docker, which is root on this machine',
    ],
    // Engines on GPUs compile at run time, and take the memory that the model needs.
    [isGpu || read_only === true, 'can change its own files: read_only: true'],
    [isGpu || cap_drop.includes('ALL'), 'keeps capabilities: cap_drop: [ALL]'],
    [isGpu || resources?.limits?.memory !== undefined, 'has no bound on its memory: deploy.resources.limits.memory'],
    [isGpu || resources?.limits?.pids !== undefined, 'has no bound on its processes: deploy.resources.limits.pids'],
    [
      ports.every(({ hostIp }) => hostIp !== undefined),
      'publishes a port without an address, which opens it to everybody',
    ],
  ];
  return required.filter(([holds]) => !holds).map(([, problem]) => problem);
}
