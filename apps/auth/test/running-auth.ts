/** The auth service on real servers for a test file, with a client on the bus. */
import 'reflect-metadata';
import { generateApiKey, hashApiKey } from '@xerotier/api-keys';
import { authContract } from '@xerotier/contracts/auth';
import type { Access, Scope } from '@xerotier/contracts/auth';
import { openDatabase } from '@xerotier/db';
import { capturedLog, silentLog } from '@xerotier/log/testing';
import { Bus, connectBus } from '@xerotier/nats';
import { createTestingService } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { testServers } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import type { z } from 'zod';
import type { AccessChange } from '../src/access/access-change.ts';
import { KeyHasher } from '../src/api-keys/key-hasher.ts';
import { AppModule } from '../src/app.module.ts';
import { settings } from '../src/config.ts';
import { database } from '../src/db/database.ts';
import { seedDocument } from '../src/seed/seed-document.ts';
import type { SeedDocument } from '../src/seed/seed-document.ts';
import { SeedRepository } from '../src/seed/seed.repository.ts';
import { SeedService } from '../src/seed/seed.service.ts';

export const pepper = `test-pepper-${randomBytes(24).toString('hex')}`;
export const masterKey = randomBytes(32);
export const usageSealKey = randomBytes(32);

export interface SeededProject {
  readonly id: string;
  readonly slug: string;
  readonly document: SeedDocument;
  /** The value of its first key. */
  readonly key: string;
}

export interface RunningAuth {
  readonly servers: ReturnType<typeof testServers<'nats' | 'postgres'>>;
  readonly env: NodeJS.ProcessEnv;
  readonly service: TestingService;
  readonly bus: Bus;
  /** A separate connection of the test, as a superuser. */
  readonly database: DataSource;
  readonly logText: () => string;
  /** Where mail is written to. */
  readonly mailDirectory: string;
  /** Access changes that seeding announced. */
  readonly announced: AccessChange[];
  seed(overrides?: Partial<z.input<typeof seedDocument>>, scopes?: Scope[]): Promise<SeededProject>;
  authorize(key: string, projectId: string | undefined, endpointSlug?: string, scope?: Scope): Promise<Access>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface RunningAuthOptions {
  /** The login of the service at PostgreSQL, by the URL of a superuser. Default: the superuser. */
  readonly loginOf?: (superuserUrl: string) => Promise<string>;
  /** Further settings. */
  readonly env?: () => NodeJS.ProcessEnv;
}

/** Call it at the top of a file; read it inside tests only. */
export function runningAuth({ loginOf, env = () => ({}) }: RunningAuthOptions = {}): RunningAuth {
  const servers = testServers('nats', 'postgres');
  const captured = capturedLog();
  // Filled below, before the first test reads it.
  const running = { servers, logText: captured.text, announced: [] } as unknown as Mutable<RunningAuth>;

  let seeding: DataSource;
  const open = (url: string): Promise<DataSource> => openDatabase({ ...database, url, poolMax: 10, log: silentLog() });

  beforeAll(async () => {
    const url = (await loginOf?.(servers.postgres.url)) ?? servers.postgres.url;
    running.mailDirectory = await mkdtemp(join(tmpdir(), 'xerotier-mail-'));
    running.env = {
      DATABASE_URL: url,
      NATS_URL: servers.nats.url,
      AUTH_KEY_PEPPER: pepper,
      AUTH_MASTER_KEY: masterKey.toString('hex'),
      USAGE_SEAL_KEY: usageSealKey.toString('hex'),
      USAGE_GRACE_SECONDS: '1',
      MAIL_DIRECTORY: running.mailDirectory,
      // Tests register hundreds of accounts: the least that the settings allow.
      PASSWORD_HASH_MEMORY_KIB: '19456',
      PASSWORD_HASH_PASSES: '2',
      ...env(),
    };
    running.service = await createTestingService({
      name: 'auth',
      settings,
      module: AppModule,
      env: running.env,
      log: captured.log,
    });
    running.database = await open(servers.postgres.url);
    seeding = loginOf === undefined ? running.database : await open(url);
    running.bus = new Bus(await connectBus({ url: servers.nats.url, name: 'test', log: silentLog() }), {
      log: silentLog(),
    });
  });

  afterAll(async () => {
    await running.bus.close();
    await running.database.destroy();
    if (seeding.isInitialized) await seeding.destroy();
    await running.service.stop();
    await rm(running.mailDirectory, { recursive: true });
  });

  running.seed = async (overrides = {}, scopes = ['inference']) => {
    const slug = overrides.project?.slug ?? `project-${randomBytes(4).toString('hex')}`;
    const document = seedDocument.parse({
      team: { name: 'A team' },
      project: { name: 'A project', slug },
      endpoints: [{ slug: 'chat', modelId: 'tiny', tier: 'free' }],
      keys: [{ name: 'first', scopes, value: generateApiKey(slug) }],
      ...overrides,
    });
    const hasher = new KeyHasher(pepper);
    const service = new SeedService(new SeedRepository(seeding), hasher, (change) => running.announced.push(change));
    const { projectId } = await service.apply(document);
    return { id: projectId, slug, document, key: document.keys[0]?.value ?? '' };
  };

  running.authorize = (key, projectId, endpointSlug, scope = 'inference') =>
    running.bus.call(authContract.operations.authorize, {
      keyHash: hashApiKey(key),
      ...(projectId !== undefined && { projectId }),
      ...(endpointSlug !== undefined && { endpointSlug }),
      scope,
      clientAddress: '127.0.0.1',
    });

  return running;
}
