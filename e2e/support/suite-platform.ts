/**
 * What a suite gets of a platform. Most share servers and services with the others: each has a project, a key, models, endpoints
 * and workers of its own there, so that suites run beside each other and none meets what another leaves. A suite that breaks or
 * changes what is shared has a whole platform to itself.
 */
import { generateApiKey } from '@xerotier/api-keys';
import { PROJECT_SLUG, seedModels, seedProject, ServiceProcess, startTemporaryPlatform } from '@xerotier/dev';
import type { Platform, PlatformDescription, PlatformOptions } from '@xerotier/dev';
import { freePort } from '@xerotier/local-servers';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { checksResponses, sharedServices } from './shared-services/shared-services.ts';
import type { SharedServices } from './shared-services/shared-services.ts';

/** One that names `gateways` or `env` gets gateways of its own, also where the rest is shared. */
export type PlatformPlan = Pick<PlatformOptions, 'models' | 'endpoints' | 'workers' | 'gateways' | 'env'>;

export interface SuitePlatform {
  readonly description: PlatformDescription;
  /** Those that are the suite's own, to stop and to kill. */
  readonly services: readonly ServiceProcess[];
  /** @throws {Error} when the suite has none of that name. */
  service(name: string): ServiceProcess;
  /** Settings of the auth service, for its commands. */
  readonly authEnv: Readonly<Record<string, string>>;
  /** The id in the catalogue of a model of the plan. */
  modelId(planned: string): string;
  /** @throws {Error} when something that is shared is not as the suite has found it. */
  checkShared(): Promise<void>;
  stop(): Promise<void>;
}

/** A whole platform, which a suite may break as it likes. */
export type OwnPlatform = SuitePlatform & Pick<Platform, 'servers'>;

export async function startOwnPlatform(plan: PlatformPlan): Promise<OwnPlatform> {
  const env = { ...checksResponses, ...plan.env };
  const platform = await startTemporaryPlatform({ restart: false, ...plan, env });
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

/** The folder is for logs; whoever made it removes it. */
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

  // All of them, also when one fails: what has started must be stopped.
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
        throw new Error(`'${name}' is not this suite's own: use ownPlatform() for a suite that stops or reads it.`);
      return found;
    },
    authEnv,
    modelId,
    checkShared: async () => {
      const now = await sharedServices();
      const ended = Object.entries(shared.services).filter(([name, { pid }]) => now.services[name]?.pid !== pid);
      if (ended.length > 0) throw new Error(`Shared services have ended: ${ended.map(([name]) => name).join(', ')}.`);
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
