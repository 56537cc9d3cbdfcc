/**
 * Files and uploads lose nothing that was acknowledged, and leave nothing behind, when their service is killed (FILE-1 of
 * docs/reliability.md). `npm run test:chaos` kills more often.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI, { toFile } from 'openai';
import { isChaos } from './support/chaos.ts';
import { StoredFiles } from './support/stored-files.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const KILLS = isChaos ? 40 : 1;
const PARTS = 12;
const PART_BYTES = 300_000;
/** A part is stored within some ten milliseconds. */
const KILL_AFTER_MS_MAX = 120;
const TIMEOUT_MS = 600_000;
const RETRIES_MS = 120_000;
/** Of a request that a kill may interrupt: the gateway notices only at the timeout of its call, which may be minutes later. */
const INTERRUPTED = { timeout: 2_500 };

const test = dedicatedPlatform(() => ({ ...scriptedPlatform({ slots: 1 }), env: { FILES_RECONCILE_SECONDS: '1' } }));

/** Without retries, which would hide what a kill interrupts. */
const client = (): OpenAI =>
  new OpenAI({
    ...{ baseURL: test.description.projectUrl, apiKey: test.description.apiKey },
    ...{ maxRetries: 0, timeout: 10_000 },
  });

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
const form = (content: Buffer): Promise<File> => toFile(content, 'content');

async function contentOf(fileId: string): Promise<string> {
  return sha256(new Uint8Array(await (await client().files.content(fileId)).arrayBuffer()));
}

interface StoredPart {
  readonly id: string;
  readonly x_sha256: string;
}

/** What has arrived, as a client asks that was interrupted. */
async function partsOf(uploadId: string): Promise<StoredPart[]> {
  const list = async (): Promise<StoredPart[]> =>
    (await client().get<{ data: StoredPart[] }>(`/uploads/${uploadId}/parts`, { query: { limit: 100 } })).data;
  return eventually('the parts', () => list().catch(() => undefined), RETRIES_MS);
}

const service = (): ReturnType<typeof test.platform.service> => test.platform.service('files');

async function killSoon(): Promise<void> {
  await delay(randomInt(KILL_AFTER_MS_MAX));
  await service().kill('SIGKILL');
  await service().start();
}

const newUpload = (bytes: number): Promise<OpenAI.Uploads.Upload> =>
  repeated('the upload', (options) =>
    client().uploads.create({ filename: 'parts', purpose: 'user_data', mime_type: 'text/plain', bytes }, options),
  );

/** Options of requests that are one change, however often they are sent. The SDK has no other way to send this header. */
function asOneChange(): OpenAI.RequestOptions {
  return { headers: { 'Idempotency-Key': randomUUID() } };
}

/** Tries until it succeeds, each time as the same change. */
function repeated<T>(what: string, change: (options: OpenAI.RequestOptions) => Promise<T>): Promise<NonNullable<T>> {
  const options = asOneChange();
  return eventually(what, () => change(options).catch(() => undefined), RETRIES_MS);
}

afterEach(async () => {
  // Twice: what is left of the last request is a minute old at most, and the reconciler looks for objects at its start.
  await service().kill('SIGKILL');
  const stored = new StoredFiles(test.description.databaseUrl, service().spec.env['FILES_DIRECTORY'] ?? '');
  await stored.age();
  await service().start();
  expect(await stored.settled()).toEqual({
    ...{ orphanObjects: [], unfinished: [], missingObjects: [] },
    ...{ unfinishedRows: [], orphanRows: [], misaccounted: [] },
  });
}, TIMEOUT_MS);

it(
  `an upload keeps the parts that were acknowledged, and completes, after ${KILLS} kills`,
  async () => {
    const parts = Array.from({ length: PARTS }, () => randomBytes(PART_BYTES));
    const { id } = await newUpload(PARTS * PART_BYTES);
    const acknowledged = new Map<string, string>();
    const send = async (part: Buffer): Promise<void> => {
      const stored = await client()
        .uploads.parts.create(id, { data: await form(part) }, INTERRUPTED)
        .catch(() => undefined);
      if (stored !== undefined) acknowledged.set(stored.id, sha256(part));
    };
    for (let kill = 0; kill < KILLS; kill += 1) {
      // As long as there are kills, some parts are sent again.
      const sent = parts.map(send);
      await killSoon();
      await Promise.all(sent);
      const stored = new Map((await partsOf(id)).map((part) => [part.id, part.x_sha256]));
      for (const [partId, hash] of acknowledged) expect([partId, stored.get(partId)]).toEqual([partId, hash]);
      if (stored.size > 60) break;
    }
    const arrived = new Map((await partsOf(id)).map((part) => [part.x_sha256, part.id]));
    for (const part of parts)
      if (!arrived.has(sha256(part))) {
        const added = await repeated('the part', async (options) =>
          client().uploads.parts.create(id, { data: await form(part) }, options),
        );
        arrived.set(sha256(part), added.id);
      }
    const partIds = parts.map((part) => arrived.get(sha256(part)) ?? '');
    const { file } = await repeated('the end', (options) =>
      client().uploads.complete(id, { part_ids: partIds }, options),
    );
    expect(await contentOf(file?.id ?? '')).toBe(sha256(Buffer.concat(parts)));
  },
  TIMEOUT_MS,
);

it(
  `an upload is completed once, when the service is killed meanwhile, ${KILLS} times`,
  async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const content = randomBytes(1_000);
      const { id } = await newUpload(content.length);
      const part = await repeated('the part', async (options) =>
        client().uploads.parts.create(id, { data: await form(content) }, options),
      );
      const body = { part_ids: [part.id], md5: createHash('md5').update(content).digest('hex') };
      const options = asOneChange();
      const complete = (more: OpenAI.RequestOptions = {}): Promise<OpenAI.Uploads.Upload | undefined> =>
        client()
          .uploads.complete(id, body, { ...options, ...more })
          .catch(() => undefined);
      const first = complete();
      await delay(randomInt(20));
      await service().kill('SIGKILL');
      await service().start();
      const seen = await first;
      const again = await eventually('the upload', () => complete(), RETRIES_MS);
      if (seen !== undefined) expect(again).toEqual(seen);
      expect(again).toMatchObject({ status: 'completed', file: { bytes: content.length } });
      expect(await contentOf(again.file?.id ?? '')).toBe(sha256(content));
    }
  },
  TIMEOUT_MS,
);

it(
  `a file is created once, when the service is killed meanwhile, ${KILLS} times`,
  async () => {
    const purpose = 'evals';
    const contents: Buffer[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const content = randomBytes(2_000_000);
      contents.push(content);
      const options = asOneChange();
      const create = async (): Promise<OpenAI.FileObject | undefined> =>
        client()
          .files.create({ file: await form(content), purpose }, options)
          .catch(() => undefined);
      const first = create();
      await killSoon();
      const seen = await first;
      const again = await eventually('the file', create, RETRIES_MS);
      if (seen !== undefined) expect(again).toEqual(seen);
      expect(await contentOf(again.id)).toBe(sha256(content));
    }
    const listed = await client().files.list({ purpose, limit: 1_000 });
    expect(listed.data).toHaveLength(contents.length);
  },
  TIMEOUT_MS,
);
