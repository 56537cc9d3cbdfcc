/** The router on real servers for a test file, with a client on the bus, which also plays auth. */
import 'reflect-metadata';
import { changeMade, endpointsContract } from '@xerotier/contracts/auth';
import type { ChangeContext, ChangeMade } from '@xerotier/contracts/auth';
import { modelsContract, modelVersionRemoved } from '@xerotier/contracts/router';
import type { ModelVersion, UploadedModel } from '@xerotier/contracts/router';
import { openDatabase } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { Bus, connectBus, consumeEvents } from '@xerotier/nats';
import { createTestingService } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { testServers } from '@xerotier/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { AppModule } from '../src/app.module.ts';
import { settings } from '../src/config.ts';
import { database } from '../src/db/database.ts';

const operations = modelsContract.operations;
type Registration = z.input<typeof operations.registerModelVersion.input>;
type Uses = z.input<typeof endpointsContract.operations.findModelUses.output>;

export interface RunningRouter {
  readonly bus: Bus;
  /** A separate connection of the test, as a superuser. */
  readonly database: DataSource;
  /** Another one, with the login of the service. */
  readonly asService: DataSource;
  /** Of models by id; others have none. */
  readonly uses: Map<string, Uses>;
  /** What was published, by durable consumers that join late. */
  readonly removed: z.output<typeof modelVersionRemoved.data>[];
  readonly changes: ChangeMade[];
  register(
    projectId: string,
    registration?: Partial<Registration>,
  ): Promise<{ model: UploadedModel; version: ModelVersion }>;
}

export const aProject = (): string => `proj_${randomBytes(6).toString('hex').toUpperCase()}`;

export function contextOf(projectId: string): ChangeContext {
  return {
    projectId,
    actor: { kind: 'api_key', id: 'key_test' },
    clientAddress: '203.0.113.7',
    requestId: `req_${randomBytes(8).toString('hex')}`,
  };
}

/** One that owns its schema and has no special privileges, as in production. */
async function ordinaryLogin(superuserUrl: string): Promise<string> {
  const url = new URL(superuserUrl);
  const admin = await new DataSource({ type: 'postgres', url: superuserUrl }).initialize();
  await admin.query("CREATE ROLE ordinary LOGIN PASSWORD 'ordinary'");
  await admin.query(`GRANT CREATE ON DATABASE "${url.pathname.slice(1)}" TO ordinary`);
  await admin.destroy();
  url.username = 'ordinary';
  url.password = 'ordinary';
  return url.href;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Call it at the top of a file; read it inside tests only. */
export function runningRouter(): RunningRouter {
  const servers = testServers('nats', 'postgres');
  const running = { uses: new Map(), removed: [], changes: [] } as unknown as Mutable<RunningRouter>;
  let service: TestingService;
  const ends: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const connection = await connectBus({ url: servers.nats.url, name: 'test', log: silentLog() });
    running.bus = new Bus(connection, { log: silentLog() });
    const { findModelUses } = endpointsContract.operations;
    running.bus.serve(
      { ...endpointsContract, operations: { findModelUses } },
      {
        findModelUses: ({ modelId }) => running.uses.get(modelId) ?? { slugs: [], own: 0, foreign: 0, bytesMax: null },
      },
    );
    await running.bus.flush();
    const serviceUrl = await ordinaryLogin(servers.postgres.url);
    const env = { DATABASE_URL: serviceUrl, NATS_URL: servers.nats.url };
    service = await createTestingService({ name: 'router', settings, module: AppModule, env, log: silentLog() });
    const open = (url: string): Promise<DataSource> =>
      openDatabase({ ...database, url, poolMax: 2, migrateOnStart: false, log: silentLog() });
    running.database = await open(servers.postgres.url);
    running.asService = await open(serviceUrl);
    const removals = await consumeEvents(
      connection,
      modelVersionRemoved,
      (events) => Promise.resolve(void running.removed.push(...events)),
      { durable: 'test-removals', log: silentLog() },
    );
    const changes = await consumeEvents(
      connection,
      changeMade,
      (events) => Promise.resolve(void running.changes.push(...events)),
      { durable: 'test-changes', log: silentLog() },
    );
    ends.push(
      () => removals.stop(),
      () => changes.stop(),
    );
  });

  afterAll(async () => {
    for (const end of ends) await end();
    await running.bus.close();
    await running.database.destroy();
    await running.asService.destroy();
    await service.stop();
  });

  running.register = (projectId, registration = {}) =>
    running.bus.call(operations.registerModelVersion, {
      ...{ projectId, versionId: randomUUID(), name: 'acme/tiny', bytes: 4_571_712, fileCount: 1 },
      facts: {
        ...{ format: 'gguf', architecture: 'llama', contextLength: 8_192 },
        ...{ parameterCount: 4_295_424, quantization: 'Q8_0' },
      },
      ...registration,
    });
  return running;
}
