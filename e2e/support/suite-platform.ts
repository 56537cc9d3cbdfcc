/**
 * The platform of a suite. Most suites share servers and services, and each has its own project, API keys, models, endpoints
 * and workers there, so that suites can run concurrently without affecting each other. A suite that stops or changes shared
 * services gets a dedicated platform.
 */
import { generateApiKey } from '@xerotier/api-keys';
import { PROJECT_SLUG, seedModels, seedProject, ServiceProcess, startTemporaryPlatform } from '@xerotier/dev';
import type { Platform, PlatformDescription, PlatformOptions } from '@xerotier/dev';
import { freePort } from '@xerotier/local-servers';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { responseValidationEnv, sharedServices } from './shared-services/shared-services.ts';
import type { SharedServices } from './shared-services/shared-services.ts';

/** A plan with `gateways` or `env` gets its own gateways, even if the other services are shared. */
export type PlatformPlan = Pick<PlatformOptions, 'models' | 'endpoints' | 'workers' | 'gateways' | 'env'>;

export interface SuitePlatform {
  readonly description: PlatformDescription;
  /** The services of the suite itself, which it may stop and kill. */
  readonly services: readonly ServiceProcess[];
  /** @throws {Error} when the suite has no service of that name. */
  service(name: string): ServiceProcess;
  /** The environment of the auth service, for its commands. */
  readonly authEnv: Readonly<Record<string, string>>;
  /** Returns the id in the catalogue of a model of the plan. */
  modelId(planned: string): string;
  /** @throws {Error} when a shared service has exited or was restarted. */
  checkShared(): Promise<void>;
  stop(): Promise<void>;
}

/** A platform of the suite alone, including its servers. */
export type DedicatedPlatform = SuitePlatform & Pick<Platform, 'servers'>;

export async function startDedicatedPlatform(plan: PlatformPlan): Promise<DedicatedPlatform> {
  const env = { ...responseValidationEnv, ...plan.env };
  const platform = await startTemporaryPlatform({ restart: false, isDurable: false, ...plan, env });
  return {
    get description() {
      return platform.description;
    },
    servers: platform.servers,
    services: platform.services,
    service: (name) => platform.service(name),
    authEnv: platform.service('auth').spec.env,
    modelId: (planned) => planned,
    checkShared: () => Promise.resolve(),
    stop: () => platform.stop(),
  };
}

/** @param folder for logs; the caller removes it. */
export async function startOnSharedServices(plan: PlatformPlan, folder: string): Promise<SuitePlatform> {
  const shared = await sharedServices();
  const suite = randomBytes(4).toString('hex');
  const modelId = (planned: string): string => `${planned}-${suite}`;
  const apiKey = generateApiKey(PROJECT_SLUG);
  const managementKey = generateApiKey(PROJECT_SLUG);
  const authEnv = envOf(shared, 'auth');
  const services = servicesOf(plan, shared, modelId, folder, await portsOfOwnGateways(plan));
  const stop = async (): Promise<void> => {
    await Promise.all(services.filter(({ spec }) => spec.app === 'gateway').map((service) => service.stop()));
    await Promise.all(services.map((service) => service.stop()));
  };
  const withId = <T extends { readonly modelId: string }>(it: T): T => ({ ...it, modelId: modelId(it.modelId) });

  // Waits for all, also when one fails: started services must be stopped.
  const [seeded, ...others] = await Promise.allSettled([
    seedProject(
      {
        team: { name: `Suite ${suite}` },
        project: { name: `Suite ${suite}`, slug: PROJECT_SLUG },
        endpoints: plan.endpoints.map(withId),
        keys: [
          { name: 'inference', scopes: ['inference'], value: apiKey },
          { name: 'management', scopes: ['management'], value: managementKey },
        ],
      },
      authEnv,
    ),
    seedModels(
      plan.models.map((model) => ({ ...model, id: modelId(model.id) })),
      envOf(shared, 'router'),
    ),
    ...services.map((service) => service.start()),
  ]);
  const failed = [seeded, ...others].find((result) => result.status === 'rejected');
  if (seeded.status === 'rejected' || failed !== undefined) {
    await stop();
    throw failed?.reason;
  }

  const { projectId } = seeded.value;
  const ownPort = services.find(({ spec }) => spec.app === 'gateway')?.facts['port'];
  const baseUrl = ownPort === undefined ? shared.description.baseUrl : `http://127.0.0.1:${ownPort}`;
  return {
    description: {
      ...shared.description,
      ...{ baseUrl, projectId, projectUrl: `${baseUrl}/${projectId}/v1`, apiKey, managementKey },
      endpointSlug: plan.endpoints[0]?.slug ?? '',
      model: plan.models[0]?.name ?? '',
    },
    services,
    service: (name) => {
      const found = services.find(({ spec }) => spec.name === name);
      if (found === undefined)
        throw new Error(
          `'${name}' is a shared service: a suite that stops it or reads its log needs dedicatedPlatform()`,
        );
      return found;
    },
    authEnv,
    modelId,
    checkShared: async () => {
      const now = await sharedServices();
      const exited = Object.entries(shared.services).filter(([name, { pid }]) => now.services[name]?.pid !== pid);
      if (exited.length > 0) throw new Error(`shared services have exited: ${exited.map(([name]) => name).join(', ')}`);
    },
    stop,
  };
}

function envOf(shared: SharedServices, name: string): Readonly<Record<string, string>> {
  return shared.services[name]?.spec.env ?? {};
}

async function portsOfOwnGateways({ gateways, env }: PlatformPlan): Promise<number[]> {
  const count = gateways ?? (env === undefined ? 0 : 1);
  return Promise.all(Array.from({ length: count }, () => freePort()));
}

function servicesOf(
  { workers, env = {} }: PlatformPlan,
  shared: SharedServices,
  modelId: (planned: string) => string,
  folder: string,
  gatewayPorts: readonly number[],
): ServiceProcess[] {
  const specs = [
    ...gatewayPorts.map((port, i) => ({
      name: numbered('gateway', i),
      app: 'gateway' as const,
      env: { ...envOf(shared, 'gateway'), ...env, HTTP_PORT: String(port) },
    })),
    ...workers.map((worker, i) => ({
      name: worker.name ?? numbered('xim', i),
      app: 'xim' as const,
      env: { NATS_URL: shared.description.natsUrl, ...env, XIM_MODEL_ID: modelId(worker.modelId), ...worker.env },
    })),
  ];
  return specs.map(
    (spec) => new ServiceProcess({ ...spec, logFile: join(folder, `${spec.name}.log`), restart: false }),
  );
}

function numbered(name: string, index: number): string {
  return index === 0 ? name : `${name}-${index + 1}`;
}
