/** What becomes of lines whose responses are errors, and of batches that cannot go on. */
import { checkEndedBatches } from '@xerotier/chaos';
import { scriptedPlatform } from '@xerotier/dev';
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import { eventually } from '@xerotier/testing';
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import pg from 'pg';
import { BatchClient, chatLine } from './support/batch-client.ts';
import { Metrics } from './support/metrics.ts';
import { SecondKey } from './support/second-key.ts';
import { addTenant } from './support/tenant.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => {
  const plan = scriptedPlatform({ slots: 4 });
  const idle = { ...plan.models[0]!, id: 'idle', name: 'idle' };
  // A model without a worker.
  return {
    ...plan,
    models: [...plan.models, idle],
    endpoints: [...plan.endpoints, { slug: 'idle', modelId: 'idle', tier: 'self_hosted' }],
  };
});

const client = (apiKey = test.description.apiKey, projectId = test.description.projectId): BatchClient =>
  new BatchClient(new OpenAI({ baseURL: `${test.description.baseUrl}/${projectId}/v1`, apiKey, maxRetries: 0 }));

async function sql(text: string, values: unknown[]): Promise<void> {
  const database = new pg.Client({ connectionString: test.description.databaseUrl });
  await database.connect();
  await database.query(text, values);
  await database.end();
}

const attempts = async (verdict: string): Promise<number> =>
  (await Metrics.of(test.platform.service('batch'))).sum('xerotier_batch_line_attempts_total', { verdict });

const completed = async (batches: BatchClient, id: string): Promise<number> =>
  (await batches.openai.batches.retrieve(id)).request_counts?.completed ?? 0;

describe('a line whose response is an error', () => {
  it('of the server is tried three times more, and then in the error file', async () => {
    const batches = client();
    const before = await attempts('retry');
    const ended = await batches.ended((await batches.create(chatLine('broken', { failAfter: 0 }))).id);
    expect(ended).toMatchObject({ status: 'completed', request_counts: { total: 1, completed: 0, failed: 1 } });
    const [line] = await batches.lines(ended.error_file_id);
    expect(line?.response?.status_code).toBeGreaterThanOrEqual(500);
    expect(await attempts('retry')).toBe(before + 3);
  });

  it('of the client is in the error file at once', async () => {
    const batches = client();
    const before = await attempts('retry');
    const ended = await batches.ended((await batches.create(chatLine('bad', {}, { temperature: 99 }))).id);
    expect((await batches.lines(ended.error_file_id))[0]?.response?.status_code).toBe(400);
    expect(await attempts('retry')).toBe(before);
  });

  it('for lack of room is tried until the window ends, and then has expired', async () => {
    const batches = client();
    const customIds = ['0', '1', '2', '3', 'waiting'];
    const lines = customIds.map((id) => chatLine(id, {}, id === 'waiting' ? { model: 'idle' } : {}));
    const before = await attempts('wait');
    const { id } = await batches.create(lines.join('\n'), { metadata: { kept: 'yes' } });
    await eventually('the others are done', async () => (await completed(batches, id)) === 4 || undefined);
    // More often than a line that has failed.
    await eventually('it is tried again', async () => (await attempts('wait')) > before + 3 || undefined, 60_000);
    expect(await batches.openai.batches.retrieve(id)).toMatchObject({ status: 'in_progress' });
    await sql("UPDATE batch.batch SET expires_at = now() + interval '3 seconds' WHERE id = $1", [id]);
    const ended = await batches.ended(id, 120_000);
    expect(ended).toMatchObject({
      ...{ status: 'expired', expired_at: expect.any(Number), metadata: { kept: 'yes' } },
      request_counts: { total: 5, completed: 4, failed: 1 },
    });
    expect(await batches.lines(ended.error_file_id)).toEqual([
      expect.objectContaining({
        custom_id: 'waiting',
        response: null,
        error: {
          code: 'batch_expired',
          message: 'This request could not be executed before the completion window expired.',
        },
      }),
    ]);
    const { databaseUrl, projectId } = test.description;
    const { openai } = batches;
    const checked = await checkEndedBatches({ openai, databaseUrl, projectId, batches: [{ id, customIds }] });
    const nothing = { lost: [], repeated: [], unknown: [], unbilled: [], misbilled: [], billedTwice: [] };
    expect(checked).toMatchObject({ findings: nothing, remains: 0, succeeded: 4 });
  }, 240_000);
});

describe('a batch whose key is revoked', () => {
  it('while it is validated fails, and runs nothing', async () => {
    const key = await SecondKey.create(test.description);
    const fileId = await client().upload(chatLine('a'));
    // It cannot be validated without its file.
    const files = test.platform.service('files');
    await files.kill('SIGKILL');
    const { id } = await client(key.value).create('', { input_file_id: fileId });
    await key.revoke();
    await files.start();
    const ended = await client().ended(id, 120_000);
    expect(ended).toMatchObject({
      ...{ status: 'failed', request_counts: { total: 0, completed: 0, failed: 0 } },
      errors: { data: [{ code: 'invalid_api_key', line: null }] },
    });
  }, 180_000);

  it('while it runs is completed, with the lines that were left in its error file', async () => {
    const key = await SecondKey.create(test.description);
    const lines = Array.from({ length: 100 }, (_, at) => chatLine(`${at}`, { tokens: 4, delayMs: 50 }));
    const { id } = await client(key.value).create(lines.join('\n'));
    await eventually('some lines are done', async () => (await completed(client(), id)) > 3 || undefined);
    await key.revoke();
    const ended = await client().ended(id, 120_000);
    expect(ended.status).toBe('completed');
    const [output, errors] = [await client().lines(ended.output_file_id), await client().lines(ended.error_file_id)];
    expect([output.length + errors.length, errors.length > 0]).toEqual([100, true]);
    const codes = new Set(errors.map(({ response }) => [response?.status_code, response?.body.error?.code].join()));
    expect([...codes]).toEqual(['401,invalid_api_key']);
  }, 180_000);
});

describe('a batch whose files do not fit into the storage of its project', () => {
  it('is finalizing until they do, and loses nothing', async () => {
    const { projectId, apiKey } = await addTenant(test.platform, 'scripted', { tier: 'free' });
    const batches = client(apiKey, projectId);
    const input = await batches.upload(chatLine('a', { tokens: 4, delayMs: 100 }));
    const use = (bytes: number): Promise<void> =>
      sql('UPDATE files.project_storage SET bytes = bytes + $2 WHERE project_id = $1', [projectId, bytes]);
    const tebibyte = 1_024 ** 4;
    await use(tebibyte);
    const { id } = await batches.create('', { input_file_id: input });
    await eventually('it is done', async () => (await completed(batches, id)) === 1 || undefined);
    await delay(3_000);
    const finalizing = await batches.openai.batches.retrieve(id);
    expect(finalizing.status).toBe('finalizing');
    const output = await batches.openai.get(`/batches/${id}/output`, { __binaryResponse: true }).asResponse();
    expect(await output.json()).toMatchObject({ custom_id: 'a', response: { status_code: 200 } });
    await use(-tebibyte);
    // A failed job is tried again after ten minutes, and one that Redis has lost at once.
    const { redisUrl } = test.description;
    const redis = connectRedis({ url: redisUrl, name: 'test', log: silentLog(), waitsForServer: true });
    await redis.flushall();
    redis.disconnect();
    const ended = await batches.ended(id);
    expect(ended).toMatchObject({ status: 'completed', request_counts: { total: 1, completed: 1, failed: 0 } });
    expect(await batches.lines(ended.output_file_id)).toHaveLength(1);
  }, 120_000);
});
