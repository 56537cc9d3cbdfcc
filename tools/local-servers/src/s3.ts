import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { ensureDataDir } from './data-dir.ts';
import { keepPassword } from './kept-password.ts';
import type { LocalServer, ServerPlan, StartOptions } from './local-server.ts';
import { startServer } from './managed-server.ts';
import { reservePort } from './port-reservations.ts';
import { freePort, isPortFree, LOOPBACK, LOWEST_PORT } from './ports.ts';
import { signedUrl, type S3Account } from './s3-signature.ts';

export interface S3Options extends StartOptions {
  /** The secret key. Default: that of the last run, initially random. */
  readonly password?: string;
}

/** Its URL has no credentials. */
export interface S3Server extends LocalServer, S3Account {}

const PROBE_TIMEOUT_MS = 1_000;
/** Where its garbage collector becomes strict. Without it, a few large objects make the process larger than 1 GB. */
const MEMORY_LIMIT = '128MiB';
const REGION = 'us-east-1';

/**
 * Starts a private S3 server: SeaweedFS, whose parts (master, volumes, filer, gateway) are one process. It has no buckets. Throws
 * with the end of its log when the start fails.
 */
export async function startS3(options: S3Options): Promise<S3Server> {
  const dataDir = await ensureDataDir(options.dataDir, 's3');
  const account: S3Account = {
    // New for each start: it distinguishes our server from another one on the same port.
    accessKeyId: randomBytes(10).toString('hex'),
    secretAccessKey: await keepPassword(dataDir, options.password),
    region: REGION,
  };
  const internalPorts = new Map<string, number>();
  const plan: ServerPlan = {
    name: 's3',
    cwd: dataDir,
    prepare: async (port) => {
      await choosePorts(internalPorts);
      const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = account;
      return {
        command: options.binary.command,
        args: weedArguments(port, internalPorts),
        env: { ...options.binary.env, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, GOMEMLIMIT: MEMORY_LIMIT },
      };
    },
    isReady: (port) => acceptsCredentials(port, account),
    url: (port) => `http://${LOOPBACK}:${port}`,
    onExit: () => removeSockets(internalPorts),
  };
  const server = await startServer(plan, { ...options, dataDir });
  return Object.assign(server, account);
}

/** Flags of ports that only its parts use among each other. Their defaults would collide with another server. */
const INTERNAL_PORTS = [
  's3.port.grpc',
  'master.port',
  'master.port.grpc',
  'volume.port',
  'volume.port.grpc',
  'filer.port',
  'filer.port.grpc',
] as const;

/** A part expects the gRPC port of the admin server so far from its other port, whatever the flag says. */
const ADMIN_GRPC_OFFSET = 10_000;
const PAIR_ATTEMPTS_MAX = 100;

/** Keeps those of the last start in this process if they are free. */
async function choosePorts(ports: Map<string, number>): Promise<void> {
  const areFree = await Promise.all([...ports.values()].map(isPortFree));
  if (ports.size > 0 && !areFree.includes(false)) return;
  for (const flag of INTERNAL_PORTS) ports.set(flag, await freePort());
  const [adminPort, adminGrpcPort] = await freeAdminPorts();
  ports.set('admin.port', adminPort).set('admin.port.grpc', adminGrpcPort);
}

async function freeAdminPorts(): Promise<[number, number]> {
  for (let attempt = 0; attempt < PAIR_ATTEMPTS_MAX; attempt++) {
    const grpcPort = await freePort();
    const port = grpcPort - ADMIN_GRPC_OFFSET;
    if (port >= LOWEST_PORT && (await reservePort(port)) && (await isPortFree(port))) return [port, grpcPort];
  }
  throw new Error(`Found no two free ports with a distance of ${ADMIN_GRPC_OFFSET}`);
}

/** Sockets beside the gRPC ports, in a folder that no flag changes. Some are left after each stop. */
function removeSockets(ports: ReadonlyMap<string, number>): void {
  for (const [flag, port] of ports) {
    const [part = '', ...protocol] = flag.split('.port.');
    if (protocol[0] === 'grpc') rmSync(`/tmp/seaweedfs-${part}-grpc-${port}.sock`, { force: true });
  }
}

function weedArguments(port: number, internalPorts: ReadonlyMap<string, number>): string[] {
  return [
    'mini',
    // Its current folder. Paths of sockets must be short, so they are relative too.
    '-dir=.',
    '-filer.localSocket=filer.sock',
    '-s3.localSocket=s3.sock',
    `-ip=${LOOPBACK}`,
    `-ip.bind=${LOOPBACK}`,
    `-s3.port=${port}`,
    ...[...internalPorts].map(([flag, internalPort]) => `-${flag}=${internalPort}`),
    // A bucket must be created, as elsewhere.
    '-s3.autoCreateBucket=false',
    // Not needed, or listening on further ports.
    '-admin.ui=false',
    '-webdav=false',
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    '-volume.preStopSeconds=0',
    // By default it reports to its makers.
    '-master.telemetry=false',
  ];
}

/** The list of buckets, which requires these credentials. */
async function acceptsCredentials(port: number, account: S3Account): Promise<boolean> {
  try {
    const response = await fetch(signedUrl('GET', port, '/', account), {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
