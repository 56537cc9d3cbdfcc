/** The files service on real servers for a test file, with a client of its bus and its transfers. */
import 'reflect-metadata';
import { projectsContract } from '@xerotier/contracts/auth';
import { filesContract, transferRoutes } from '@xerotier/contracts/files';
import type { StoredFile, StoredPart, Transfer } from '@xerotier/contracts/files';
import { modelsContract } from '@xerotier/contracts/router';
import { openDatabase } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { WireError } from '@xerotier/errors';
import { capturedLog, silentLog } from '@xerotier/log/testing';
import { Bus, connectBus } from '@xerotier/nats';
import { createTestingService } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { testServers } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import type { z } from 'zod';
import { AppModule } from '../src/app.module.ts';
import { createApplication } from '../src/application.ts';
import { settings } from '../src/config.ts';
import { database } from '../src/db/database.ts';

type RegisteredVersion = z.output<typeof modelsContract.operations.registerModelVersion.input>;
type Change = Omit<z.input<typeof filesContract.operations.beginFile.input>, 'formBytes'>;

export interface RunningFiles {
  readonly servers: ReturnType<typeof testServers<'nats' | 'redis' | 'postgres'>>;
  readonly env: NodeJS.ProcessEnv;
  readonly service: TestingService;
  readonly bus: Bus;
  /** A separate connection of the test, as a superuser. */
  readonly database: DataSource;
  readonly logText: () => string;
  /** Of projects; others are unlimited. A quota that is undefined makes auth unavailable. */
  readonly quotas: Map<string, number | undefined>;
  /** What the catalogue has been told, by the id of the version. */
  readonly versions: Map<string, RegisteredVersion>;
  /** How the catalogue rejects a version. It is reset before each test. */
  catalogueError: AppError | undefined;
  newProject(): string;
  /** Stops the running service and starts one with these settings. */
  restart(env?: NodeJS.ProcessEnv): Promise<void>;
  begin(change: Change, formBytes?: number): Promise<Transfer>;
  /** Sends a form. @throws {AppError} of the service. */
  send(transfer: Transfer, form: FormData): Promise<StoredFile>;
  /** Adds a part of this content. @throws {AppError} of the service. */
  addPart(
    projectId: string,
    uploadId: string,
    content: Uint8Array,
    key?: string,
    fields?: Readonly<Record<string, string>>,
  ): Promise<StoredPart>;
  /** Creates a file of this content. */
  create(
    projectId: string,
    content: Uint8Array | string,
    fields?: Readonly<Record<string, string>>,
  ): Promise<StoredFile>;
  read(projectId: string, id: string, range?: string): Promise<Buffer>;
  /** Receives content. @throws {AppError} of the service. */
  fetch(transfer: Transfer): Promise<Buffer>;
  /** The objects in the store. */
  objects(): Promise<string[]>;
  storedBytes(projectId: string): Promise<number>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function changeOf(projectId: string, idempotencyKey?: string): Change {
  return {
    projectId,
    actor: { kind: 'api_key', id: 'key_test' },
    clientAddress: '127.0.0.1',
    requestId: `req_${randomBytes(8).toString('hex')}`,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
}

export function aForm(
  content: Uint8Array | string,
  { filename = 'input.jsonl', ...fields }: Readonly<Record<string, string>> = {},
): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ purpose: 'user_data', ...fields })) form.append(name, value);
  form.append('file', new Blob([content]), filename);
  return form;
}

/** Call it at the top of a file; read it inside tests only. */
export function runningFiles(): RunningFiles {
  const servers = testServers('nats', 'redis', 'postgres');
  const captured = capturedLog();
  const running = {
    servers,
    logText: captured.text,
    quotas: new Map(),
    versions: new Map(),
  } as unknown as Mutable<RunningFiles>;
  const masterKey = randomBytes(32).toString('hex');
  let folder = '';
  let service: TestingService | undefined;

  const start = async (env: NodeJS.ProcessEnv = {}): Promise<void> => {
    running.env = {
      DATABASE_URL: servers.postgres.url,
      NATS_URL: servers.nats.url,
      REDIS_URL: servers.redis.url,
      FILES_MASTER_KEY: masterKey,
      FILES_DIRECTORY: folder,
      ...env,
    };
    service = await createTestingService({
      name: 'files',
      settings,
      module: AppModule,
      application: createApplication,
      env: running.env,
      log: captured.log,
    });
    running.service = service;
  };
  running.restart = async (env) => {
    await service?.stop();
    await start(env);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xerotier-files-'));
    running.bus = new Bus(await connectBus({ url: servers.nats.url, name: 'test', log: silentLog() }), {
      log: silentLog(),
    });
    const { getStorageQuota } = projectsContract.operations;
    running.bus.serve(
      { ...projectsContract, operations: { getStorageQuota } },
      {
        getStorageQuota: ({ projectId }) => {
          if (!running.quotas.has(projectId)) return { bytesMax: null };
          const bytesMax = running.quotas.get(projectId);
          if (bytesMax === undefined) throw new AppError('db.unavailable');
          return { bytesMax };
        },
      },
    );
    const { registerModelVersion } = modelsContract.operations;
    running.bus.serve(
      { ...modelsContract, operations: { registerModelVersion } },
      {
        registerModelVersion: (input) => {
          if (running.catalogueError !== undefined) throw running.catalogueError;
          running.versions.set(input.versionId, input);
          return registered(input);
        },
      },
    );
    await running.bus.flush();
    await start();
    running.database = await openDatabase({
      ...{ ...database, url: servers.postgres.url, poolMax: 2, migrateOnStart: false, log: silentLog() },
    });
  });

  afterAll(async () => {
    await running.bus.close();
    await running.database.destroy();
    await service?.stop();
    await rm(folder, { recursive: true });
  });

  beforeEach(() => (running.catalogueError = undefined));

  running.newProject = () => `proj_${randomBytes(6).toString('hex').toUpperCase()}`;
  running.begin = (change, formBytes) =>
    running.bus.call(filesContract.operations.beginFile, { ...change, ...(formBytes !== undefined && { formBytes }) });
  running.send = async ({ url, ticket }, body) => {
    const response = await fetch(`${url}${transferRoutes.createFile}`, {
      ...{ method: 'POST', body, headers: { authorization: `Bearer ${ticket}` } },
    });
    return successful<StoredFile>(response);
  };
  running.addPart = async (projectId, uploadId, content, key, fields = {}) => {
    const form = new FormData();
    form.append('data', new Blob([content]), 'part');
    // Behind the content, as clients that hash it while they send it.
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const context = changeOf(projectId, key);
    const { url, ticket } = await running.bus.call(filesContract.operations.beginPart, { context, uploadId });
    const response = await fetch(`${url}${transferRoutes.addPart}`, {
      ...{ method: 'POST', body: form, headers: { authorization: `Bearer ${ticket}` } },
    });
    return successful<StoredPart>(response);
  };
  running.create = async (projectId, content, fields) => {
    const form = aForm(content, fields);
    const { size } = await new Response(form).blob();
    return running.send(await running.begin(changeOf(projectId), size), form);
  };
  running.read = async (projectId, id, range) => {
    const opened = await running.bus.call(filesContract.operations.openContent, {
      ...{ projectId, id },
      ...(range !== undefined && { range }),
    });
    return running.fetch(opened.transfer);
  };
  running.fetch = async ({ url, ticket }) => {
    const response = await fetch(`${url}${transferRoutes.content}`, { headers: { authorization: `Bearer ${ticket}` } });
    if (!response.ok) throw AppError.fromWire((await response.json()) as WireError);
    return Buffer.from(await response.arrayBuffer());
  };
  running.objects = async () => {
    const entries = await readdir(join(folder, 'objects'), { recursive: true });
    return entries.filter((path) => path.includes('/'));
  };
  running.storedBytes = async (projectId) => {
    const [row] = await running.database.query<{ bytes: string }[]>(
      'SELECT bytes FROM files.project_storage WHERE project_id = $1',
      [projectId],
    );
    return Number(row?.bytes ?? 0);
  };
  return running;
}

function registered(input: RegisteredVersion): z.input<typeof modelsContract.operations.registerModelVersion.output> {
  const { versionId, name, version = '1.0.0', bytes, fileCount, facts } = input;
  const created = { modelId: `model_${'0'.repeat(24)}`, version, isLatest: true, createdAt: 1_796_400_000 };
  const latest = { id: versionId, ...created, bytes, fileCount, facts };
  const model = { id: created.modelId, name, isOwn: true, role: 'private' as const };
  return { model: { ...model, latest, tags: [], workloadTypes: [], createdAt: created.createdAt }, version: latest };
}

async function successful<T>(response: Response): Promise<T> {
  const body = (await response.json()) as T | WireError;
  if (!response.ok) throw AppError.fromWire(body as WireError);
  return body as T;
}
