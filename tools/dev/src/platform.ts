/**
 * A whole platform on this machine: servers, services, workers, one seeded project. `npm start`, the end-to-end tests and the
 * benchmark all start it here; they differ in what they ask for.
 */
import { freePort } from '@xerotier/local-servers';
import { join } from 'node:path';
import { loadCredentials } from './credentials.ts';
import { givenUrls, startDataServers } from './data-servers.ts';
import type { DataServers, GivenUrls } from './data-servers.ts';
import { seedModels, seedProject } from './seed.ts';
import type { EndpointSeed, ModelSeed } from './seed.ts';
import { ServiceProcess } from './service-process.ts';
import type { ServiceSpec } from './service-process.ts';
import type { StateDir } from './project-paths.ts';

export interface WorkerSpec {
  /** Name of the process; default `xim`, `xim-2`, ... */
  readonly name?: string;
  readonly modelId: string;
  /** Its `XIM_*` settings, beside model and NATS. */
  readonly env: Readonly<Record<string, string>>;
}

export interface PlatformOptions {
  readonly state: StateDir;
  readonly models: readonly ModelSeed[];
  /** The first one is the one that is printed. */
  readonly endpoints: readonly EndpointSeed[];
  readonly workers: readonly WorkerSpec[];
  /** Port of the public API; default any free one. */
  readonly httpPort?: number;
  /** Bring services back that end by themselves; default true. */
  readonly restart?: boolean;
  readonly gateways?: number;
  readonly routers?: number;
  readonly given?: GivenUrls;
  /** Settings for every service, such as LOG_LEVEL. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onProgress?: (message: string) => void;
  readonly onChange?: () => void;
}

export interface Platform {
  readonly description: PlatformDescription;
  readonly servers: DataServers;
  readonly services: readonly ServiceProcess[];
  /** @throws {Error} when there is none of that name. */
  service(name: string): ServiceProcess;
  /** Starts one more worker. */
  addWorker(spec: WorkerSpec): Promise<ServiceProcess>;
  stop(): Promise<void>;
}

/** What `.xerotier/dev.json` holds. */
export interface PlatformDescription {
  readonly baseUrl: string;
  readonly projectUrl: string;
  readonly apiKey: string;
  readonly managementKey: string;
  readonly projectId: string;
  readonly endpointSlug: string;
  readonly model: string;
  readonly natsUrl: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly services: Readonly<Record<string, { readonly pid: number | null; readonly healthUrl?: string }>>;
}

const PROJECT_SLUG = 'demo';

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { state, onProgress = () => undefined } = options;
  const services: ServiceProcess[] = [];
  const credentials = await loadCredentials(state, PROJECT_SLUG);
  const servers = await startDataServers(state, options.given ?? givenUrls({}), {
    restart: options.restart ?? true,
    onProgress,
  });
  const stop = async (): Promise<void> => {
    // Workers and gateways first: they have the open requests, and need the others to finish them.
    await Promise.all(services.filter(({ spec }) => spec.app === 'gateway').map((service) => service.stop()));
    await Promise.all(services.map((service) => service.stop()));
    await servers.stop();
  };
  const add = async (spec: Omit<ServiceSpec, 'logFile' | 'restart'>): Promise<ServiceProcess> => {
    const service = new ServiceProcess(
      { ...spec, logFile: join(state.logs, `${spec.name}.log`), restart: options.restart ?? true },
      () => options.onChange?.(),
    );
    services.push(service);
    await service.start();
    return service;
  };

  try {
    const common = { NATS_URL: servers.natsUrl, ...options.env };
    const authEnv = { ...common, DATABASE_URL: servers.databaseUrl, AUTH_KEY_PEPPER: credentials.keyPepper };
    const responsesEnv = {
      ...common,
      DATABASE_URL: servers.databaseUrl,
      RESPONSES_MASTER_KEY: credentials.responsesMasterKey,
    };
    const routerEnv = { ...common, DATABASE_URL: servers.databaseUrl };
    const addWorker = ({ name, modelId, env }: WorkerSpec): Promise<ServiceProcess> =>
      add({
        name: name ?? numbered('xim', services.filter(({ spec }) => spec.app === 'xim').length),
        app: 'xim',
        env: { ...common, XIM_MODEL_ID: modelId, ...env },
      });

    // A port that is chosen here stays the gateway's when it is restarted.
    const addGateway = async (index: number): Promise<ServiceProcess> => {
      const port = index === 0 && options.httpPort !== undefined ? options.httpPort : await freePort();
      return add({
        name: numbered('gateway', index),
        app: 'gateway',
        env: { ...common, REDIS_URL: servers.redisUrl, HTTP_PORT: String(port) },
      });
    };

    onProgress('migrating and seeding the databases');
    const [{ projectId }] = await Promise.all([
      seedProject(
        {
          team: { name: 'Demo team' },
          project: { name: 'Demo', slug: PROJECT_SLUG },
          endpoints: options.endpoints,
          keys: [
            { name: 'demo', scopes: ['inference'], value: credentials.apiKey },
            { name: 'demo management', scopes: ['management'], value: credentials.managementKey },
          ],
        },
        authEnv,
      ),
      seedModels(options.models, routerEnv),
    ]);

    onProgress('starting auth, router, responses, gateway and worker');
    const gateways = range(options.gateways ?? 1).map((i) => addGateway(i));
    const [gateway] = await Promise.all([
      ...gateways,
      add({ name: 'auth', app: 'auth', env: authEnv }),
      add({ name: 'responses', app: 'responses', env: responsesEnv }),
      ...range(options.routers ?? 1).map((i) => add({ name: numbered('router', i), app: 'router', env: routerEnv })),
      ...options.workers.map((worker, i) => addWorker({ name: numbered('xim', i), ...worker })),
    ]);
    if (gateway === undefined) throw new RangeError('a platform needs a gateway');

    const endpointSlug = options.endpoints[0]?.slug ?? '';
    const baseUrl = `http://127.0.0.1:${gateway.facts['port']}`;
    const describe = (): PlatformDescription => ({
      baseUrl,
      projectUrl: `${baseUrl}/${projectId}/v1`,
      apiKey: credentials.apiKey,
      managementKey: credentials.managementKey,
      projectId,
      endpointSlug,
      model: options.models[0]?.name ?? '',
      natsUrl: servers.natsUrl,
      redisUrl: servers.redisUrl,
      databaseUrl: servers.databaseUrl,
      services: {
        ...Object.fromEntries(Object.values(servers.started).map(({ name, pid }) => [name, { pid }])),
        ...Object.fromEntries(services.map(({ spec, pid, healthUrl }) => [spec.name, { pid, healthUrl }])),
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
            `no service is called '${name}'; there are ${services.map(({ spec }) => spec.name).join(', ')}`,
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

function numbered(name: string, index: number): string {
  return index === 0 ? name : `${name}-${index + 1}`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
