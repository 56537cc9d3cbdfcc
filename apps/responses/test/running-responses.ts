/** The responses service on real servers for a test file, with a client on the bus. */
import 'reflect-metadata';
import { responsesContract } from '@xerotier/contracts/responses';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { openDatabase } from '@xerotier/db';
import { capturedLog, silentLog } from '@xerotier/log/testing';
import { Bus, connectBus } from '@xerotier/nats';
import { createTestingService } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { testServers } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { z } from 'zod';
import { AppModule } from '../src/app.module.ts';
import { settings } from '../src/config.ts';
import { database } from '../src/db/database.ts';

export const ENDPOINT = '5b2f1f0e-6f3c-4f0a-9a53-0d8b8f5b7c11';
export const OTHER_ENDPOINT = '5b2f1f0e-6f3c-4f0a-9a53-0d8b8f5b7c12';

export type Save = z.input<typeof responsesContract.operations.save.input>;

export interface RunningResponses {
  readonly servers: ReturnType<typeof testServers<'nats' | 'postgres' | 'redis'>>;
  readonly bus: Bus;
  /** The settings of the running service, unless it was restarted with others. */
  readonly env: NodeJS.ProcessEnv;
  /** A separate connection of the test. */
  readonly database: DataSource;
  readonly logText: () => string;
  /** Stops the running service, if any, and starts one with these settings. */
  restart(env?: NodeJS.ProcessEnv): Promise<void>;
  /** Returns the id of an unused project. */
  newProject(): string;
  save(input: Save): Promise<StoredCompletion>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Call it at the top of a file; read it inside tests only. */
export function runningResponses(): RunningResponses {
  const servers = testServers('nats', 'postgres', 'redis');
  const captured = capturedLog();
  // Filled below, before the first test reads it.
  const running = { servers, logText: captured.text } as unknown as Mutable<RunningResponses>;
  const masterKey = randomBytes(32).toString('base64');
  let service: TestingService | undefined;

  const stop = async (): Promise<void> => {
    await service?.stop();
    service = undefined;
  };

  running.restart = async (env = {}) => {
    await stop();
    service = await createTestingService({
      name: 'responses',
      settings,
      module: AppModule,
      env: { ...running.env, ...env },
      log: captured.log,
    });
  };

  beforeAll(async () => {
    running.env = {
      DATABASE_URL: servers.postgres.url,
      NATS_URL: servers.nats.url,
      REDIS_URL: servers.redis.url,
      RESPONSES_MASTER_KEY: masterKey,
      USAGE_SEAL_KEY: randomBytes(32).toString('hex'),
    };
    await running.restart();
    const own = { url: servers.postgres.url, poolMax: 2, migrateOnStart: false, log: silentLog() };
    running.database = await openDatabase({ ...database, ...own });
    running.bus = new Bus(await connectBus({ url: servers.nats.url, name: 'test', log: silentLog() }), {
      log: silentLog(),
    });
  });

  afterAll(async () => {
    await running.bus.close();
    await running.database.destroy();
    await stop();
  });

  running.newProject = () => `proj_${randomBytes(6).toString('hex').toUpperCase()}`;
  running.save = async (input) => {
    await running.bus.call(responsesContract.operations.save, input);
    return input.completion;
  };
  return running;
}

let counter = 0;

/** Creates a completion that differs from all before, and is newer. */
export function aSave(projectId: string, changes: Partial<StoredCompletion> = {}, rest: Partial<Save> = {}): Save {
  counter += 1;
  const createdAt = Date.UTC(2026, 0, 1) + counter;
  return {
    projectId,
    endpointId: ENDPOINT,
    createdAt,
    completion: {
      id: `chatcmpl-${String(counter).padStart(6, '0')}`,
      object: 'chat.completion',
      created: Math.floor(createdAt / 1_000),
      model: 'tiny',
      metadata: {},
      choices: [{ index: 0, message: { role: 'assistant', content: `completion ${counter}` }, finish_reason: 'stop' }],
      ...changes,
    },
    messages: [{ role: 'user', content: `prompt ${counter}` }],
    ...rest,
  };
}
