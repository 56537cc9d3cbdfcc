/**
 * A whole platform on this machine: servers, services, workers, one seeded project. `npm start`, the end-to-end tests
 * and the benchmark all use it, with different options.
 */
import { freePort, keepLogsBounded } from '@xerotier/local-servers';
import { environmentOf, readRegistry, serviceNamed } from '@xerotier/registry';
import { join } from 'node:path';
import { KEY_NAMES, loadCredentials, replaceKeys } from './credentials.ts';
import { SERVER_NAMES, startDataServers } from './data-servers.ts';
import type { DataServers } from './data-servers.ts';
import { checkGivenServers, givenNotices } from './given-servers.ts';
import type { GivenUrls } from './given-servers.ts';
import type { LastExit } from './lifecycle.ts';
import { EndedKeysError, seedModels, seedProject } from './seed.ts';
import type { EndpointSeed, ModelSeed, SeededProject } from './seed.ts';
import { ServiceProcess } from './service-process.ts';
import type { ServiceSpec } from './service-process.ts';
import type { StateDir } from './project-paths.ts';

export interface WorkerSpec {
  /** Name of the process; default `xim`, `xim-2`, ... */
  readonly name?: string;
  readonly modelId: string;
  /** Its `XIM_*` settings, besides model and NATS. */
  readonly env: Readonly<Record<string, string>>;
}

export interface PlatformOptions {
  readonly state: StateDir;
  readonly models: readonly ModelSeed[];
  /** The first one is printed. */
  readonly endpoints: readonly EndpointSeed[];
  readonly workers: readonly WorkerSpec[];
  /** Port of the public API; default: any free one. */
  readonly httpPort?: number;
  /** Whether to restart services that exit unexpectedly; default true. */
  readonly restart?: boolean;
  /** Whether what is written to the private PostgreSQL survives a power cut; default true. It survives any kill. */
  readonly isDurable?: boolean;
  readonly gateways?: number;
  readonly routers?: number;
  readonly given?: GivenUrls;
  /** Settings for every service, such as LOG_LEVEL. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settings of auth for mail and identity providers, such as SMTP_URL. Default: mail is written to files. */
  readonly accounts?: Readonly<Record<string, string>>;
  readonly onProgress?: (message: string) => void;
  /** Called with messages for the user: possibly unintended settings, unexpected exits and restarts. */
  readonly onNotice?: (message: string) => void;
  /** Called when the description changes. */
  readonly onChange?: () => void;
}

export interface Platform {
  readonly description: PlatformDescription;
  readonly servers: DataServers;
  readonly services: readonly ServiceProcess[];
  /** @throws {Error} when no service has this name. */
  service(name: string): ServiceProcess;
  /** Starts an additional worker. */
  addWorker(spec: WorkerSpec): Promise<ServiceProcess>;
  stop(): Promise<void>;
}

/** The content of `.xerotier/dev.json`. */
export interface PlatformDescription {
  readonly baseUrl: string;
  readonly projectUrl: string;
  readonly apiKey: string;
  readonly managementKey: string;
  /** Makes somebody the first admin, once, for an hour after the start; null if there was an admin. */
  readonly bootstrapToken: string | null;
  readonly projectId: string;
  readonly endpointSlug: string;
  readonly model: string;
  /** Includes credentials, like the next two. */
  readonly natsUrl: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Where mail to users is written to; null if it is sent. */
  readonly mailDirectory: string | null;
  /** Notices to the user about this start. */
  readonly notices: readonly string[];
  readonly services: Readonly<Record<string, ServiceDescription>>;
}

export interface ServiceDescription {
  /** Null while it is down. */
  readonly pid: number | null;
  /** Undefined for NATS, Redis and PostgreSQL. */
  readonly healthUrl?: string;
  /** Number of restarts after unexpected exits since the stack was started. */
  readonly restarts: number;
  readonly lastExit?: LastExit;
}

export const PROJECT_SLUG = 'demo';
export const TEAM_NAME = 'Demo team';
export const PROJECT_NAME = 'Demo';

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { state, onProgress = () => undefined, given = {} } = options;
  const services: ServiceProcess[] = [];
  const notices: string[] = [];
  const notify = (message: string): void => options.onNotice?.(message);
  const notice = (message: string): void => {
    notices.push(message);
    notify(message);
  };
  givenNotices(given).forEach(notice);
  await checkGivenServers(given);
  let credentials = await loadCredentials(state, PROJECT_SLUG);
  const servers = await startDataServers(state, given, {
    restart: options.restart ?? true,
    isDurable: options.isDurable ?? true,
    onProgress,
    notify,
    onChange: () => options.onChange?.(),
  });
  const endBounds = keepLogsBounded(() => [
    join(state.logs, 'supervisor.log'),
    ...Object.values(servers.started).map(({ logPath }) => logPath),
    ...services.map(({ spec }) => spec.logFile),
  ]);
  const stop = async (): Promise<void> => {
    endBounds();
    // Gateways first: they hold the open requests, and need the other services to finish them.
    await Promise.all(services.filter(({ spec }) => spec.app === 'gateway').map((service) => service.stop()));
    await Promise.all(services.map((service) => service.stop()));
    await servers.stop();
  };
  const add = async (spec: Omit<ServiceSpec, 'logFile' | 'restart'>): Promise<ServiceProcess> => {
    const service = new ServiceProcess(
      { ...spec, logFile: join(state.logs, `${spec.name}.log`), restart: options.restart ?? true },
      () => options.onChange?.(),
      notify,
    );
    services.push(service);
    await service.start();
    return service;
  };

  try {
    const registry = readRegistry();
    const httpPort = options.httpPort ?? (await freePort());
    const installation = {
      servers: { nats: servers.natsUrl, redis: servers.redisUrl, postgres: servers.databaseUrl },
      secrets: credentials.secrets,
    };
    const envOf = (app: string): Record<string, string> => ({
      ...environmentOf(serviceNamed(registry, app), installation),
      ...(app === 'auth' && {
        ...{ MAIL_DIRECTORY: state.mail, PUBLIC_URL: `http://127.0.0.1:${httpPort}` },
        ...options.accounts,
      }),
      ...(app === 'files' && { FILES_DIRECTORY: state.files }),
      ...options.env,
    });
    const addWorker = ({ name, modelId, env }: WorkerSpec): Promise<ServiceProcess> =>
      add({
        name: name ?? numbered('xim', services.filter(({ spec }) => spec.app === 'xim').length),
        app: 'xim',
        env: { ...envOf('xim'), XIM_MODEL_ID: modelId, ...env },
      });

    // Ports are chosen here, so that a gateway keeps its own across restarts.
    const addGateway = async (index: number): Promise<ServiceProcess> => {
      const port = index === 0 ? httpPort : await freePort();
      return add({
        name: numbered('gateway', index),
        app: 'gateway',
        env: { ...envOf('gateway'), HTTP_PORT: String(port) },
      });
    };

    onProgress('migrating and seeding the databases');
    const seedDemo = (): Promise<SeededProject> =>
      seedProject(
        {
          team: { name: TEAM_NAME },
          project: { name: PROJECT_NAME, slug: PROJECT_SLUG },
          endpoints: options.endpoints,
          keys: [
            { name: KEY_NAMES.apiKey, scopes: ['inference'], value: credentials.apiKey },
            { name: KEY_NAMES.managementKey, scopes: ['management'], value: credentials.managementKey },
          ],
          bootstrap: true,
        },
        envOf('auth'),
      );
    const [{ projectId, bootstrapToken = null }] = await Promise.all([
      seedDemo().catch(async (error: unknown) => {
        if (!(error instanceof EndedKeysError)) throw error;
        // A key that was ended deliberately stays ended, and a new one replaces it.
        credentials = await replaceKeys(state, PROJECT_SLUG, credentials, error.names);
        for (const name of error.names)
          notice(`The key '${name}' was revoked or rotated and stays so; this stack has a new one.`);
        return seedDemo();
      }),
      seedModels(options.models, envOf('router')),
    ]);

    // Besides the gateways: one process per service, and as many routers as requested.
    const backends = registry.filter(({ kind, name }) => kind === 'service' && name !== 'gateway');
    onProgress(`starting ${[...backends.map(({ name }) => name), 'gateway'].join(', ')} and worker`);
    const gateways = range(options.gateways ?? 1).map((i) => addGateway(i));
    const [gateway] = await Promise.all([
      ...gateways,
      ...backends.flatMap(({ name }) =>
        range(name === 'router' ? (options.routers ?? 1) : 1).map((i) =>
          add({ name: numbered(name, i), app: name, env: envOf(name) }),
        ),
      ),
      ...options.workers.map((worker, i) => addWorker({ name: numbered('xim', i), ...worker })),
    ]);
    if (gateway === undefined) throw new RangeError('Expected at least 1 gateway');

    const endpointSlug = options.endpoints[0]?.slug ?? '';
    const baseUrl = `http://127.0.0.1:${gateway.facts['port']}`;
    const describe = (): PlatformDescription => ({
      baseUrl,
      projectUrl: `${baseUrl}/${projectId}/v1`,
      apiKey: credentials.apiKey,
      managementKey: credentials.managementKey,
      bootstrapToken,
      projectId,
      endpointSlug,
      model: options.models[0]?.name ?? '',
      natsUrl: servers.natsUrl,
      redisUrl: servers.redisUrl,
      databaseUrl: servers.databaseUrl,
      mailDirectory: options.accounts?.['SMTP_URL'] === undefined ? state.mail : null,
      notices,
      services: {
        ...Object.fromEntries(
          SERVER_NAMES.flatMap((name) => {
            const server = servers.started[name];
            return server === undefined ? [] : [[name, { pid: server.pid, ...restartsOf(servers.lifecycles[name]) }]];
          }),
        ),
        ...Object.fromEntries(
          services.map((service) => [
            service.spec.name,
            { pid: service.pid, healthUrl: service.healthUrl, ...restartsOf(service) },
          ]),
        ),
      },
    });
    return {
      get description() {
        return describe();
      },
      servers,
      services,
      service: (name) => {
        const found = services.find(({ spec }) => spec.name === name);
        if (found === undefined)
          throw new Error(
            `Unknown service '${name}', expected one of ${services.map(({ spec }) => spec.name).join(', ')}`,
          );
        return found;
      },
      addWorker,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function restartsOf({ restarts, lastExit }: Pick<ServiceDescription, 'restarts' | 'lastExit'>): {
  restarts: number;
  lastExit?: LastExit;
} {
  return { restarts, ...(lastExit !== undefined && { lastExit }) };
}

function numbered(name: string, index: number): string {
  return index === 0 ? name : `${name}-${index + 1}`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
