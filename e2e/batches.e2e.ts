/** Batches through the public API, with the official SDK. */
import { scriptedPlatform, storedWork } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import { BatchClient, chatLine } from './support/batch-client.ts';
import type { Batch } from './support/batch-client.ts';
import { Ledger } from './support/ledger.ts';
import { errorOf } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => {
  const plan = scriptedPlatform({ slots: 4 });
  // The scripted engine embeds too, on the same worker.
  return { ...plan, endpoints: [...plan.endpoints, { ...plan.endpoints[0]!, slug: 'embed', task: 'embed' as const }] };
});
const client = (): BatchClient =>
  new BatchClient(new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey, maxRetries: 0 }));

describe('a batch', () => {
  it('runs all lines, and has their responses, usage and files', async () => {
    const batches = client();
    const input = Array.from({ length: 25 }, (_, at) => chatLine(`line-${at}`, { tokens: 3 })).join('\n');
    const created = await batches.create(`${input}\n`, { metadata: { team: 'search' } });
    test.schema.expectValid('Batch', created);
    expect(created).toMatchObject({ status: 'validating', object: 'batch', metadata: { team: 'search' } });
    expect(created.expires_at).toBe(created.created_at + 86_400);
    const ended = await batches.ended(created.id);
    test.schema.expectValid('Batch', ended);
    expect(ended).toMatchObject({
      status: 'completed',
      model: 'chat',
      request_counts: { total: 25, completed: 25, failed: 0 },
    });
    expect(ended.error_file_id).toBeUndefined();
    const lines = await batches.lines(ended.output_file_id);
    expect(lines.map(({ custom_id: id }) => id).toSorted()).toEqual(
      Array.from({ length: 25 }, (_, at) => `line-${at}`).toSorted(),
    );
    for (const { response, error, id } of lines) {
      expect([response?.status_code, error, id]).toEqual([
        200,
        null,
        expect.stringMatching(/^batch_req_[0-9a-f]{24}$/),
      ]);
      test.schema.expectValid('CreateChatCompletionResponse', response?.body);
    }
    const completionTokens = lines.reduce(
      (sum, { response }) => sum + (response?.body.usage?.completion_tokens ?? 0),
      0,
    );
    expect(ended.usage).toMatchObject({ output_tokens: completionTokens });
    expect(await batches.openai.files.retrieve(ended.output_file_id ?? '')).toMatchObject({ purpose: 'batch_output' });
    // Each line once, with the discount.
    const requests = new Set(lines.map(({ response }) => response?.request_id));
    expect(requests.size).toBe(25);
    const rows = await eventually('the ledger has all lines', async () => {
      const found = await new Ledger(test.description.databaseUrl).rowsWithPriority(
        [...requests].map((id) => id ?? ''),
      );
      return found.length >= 25 ? found : undefined;
    });
    expect(rows.map(({ priority }) => priority)).toEqual(rows.map(() => 'batch'));
    expect(rows.reduce((sum, row) => sum + row.completion_tokens, 0)).toBe(completionTokens);
  });

  it('has the lines that have failed in another file', async () => {
    const batches = client();
    const input = [chatLine('good'), chatLine('bad', {}, { temperature: 99 })].join('\n');
    const ended = await batches.ended((await batches.create(input)).id);
    expect(ended).toMatchObject({ status: 'completed', request_counts: { total: 2, completed: 1, failed: 1 } });
    expect((await batches.lines(ended.output_file_id)).map(({ custom_id: id }) => id)).toEqual(['good']);
    expect(await batches.lines(ended.error_file_id)).toEqual([
      expect.objectContaining({
        custom_id: 'bad',
        error: null,
        response: expect.objectContaining({
          status_code: 400,
          body: { error: expect.objectContaining({ code: 'invalid_request', param: 'temperature' }) },
        }),
      }),
    ]);
  });

  it.each([
    ['/v1/responses', { input: 'Hello' }, 'Response'],
    ['/v1/embeddings', { input: ['a', 'b'] }, 'CreateEmbeddingResponse'],
    ['/v1/rerank', { query: 'a', documents: ['a', 'b'] }, undefined],
    ['/v1/score', { text_1: 'a', text_2: ['a', 'b'] }, undefined],
  ] as const)('runs %s', async (url, body, schema) => {
    const batches = client();
    const line = {
      custom_id: 'a',
      method: 'POST',
      url,
      body: { model: url === '/v1/responses' ? 'chat' : 'embed', ...body },
    };
    const created = await batches.create(JSON.stringify(line), { endpoint: url as '/v1/embeddings' });
    const ended = await batches.ended(created.id);
    expect(ended).toMatchObject({ status: 'completed', request_counts: { total: 1, completed: 1, failed: 0 } });
    const [output] = await batches.lines(ended.output_file_id);
    expect(output).toMatchObject({ custom_id: 'a', error: null, response: { status_code: 200 } });
    if (schema !== undefined) test.schema.expectValid(schema, output?.response?.body);
    const usage = output?.response?.body.usage as { prompt_tokens?: number; input_tokens?: number } | undefined;
    expect(ended.usage).toMatchObject({ input_tokens: usage?.prompt_tokens ?? usage?.input_tokens });
  });
});

describe('a batch of embeddings', () => {
  it('runs several lines as one request, each with the response that it has alone', async () => {
    const inputs = ['one', ['two words', 'and three more'], 'x '.repeat(1_000_001), [1, 2, 3], ...'abcdefghij'];
    const batches = client();
    const lines = inputs.map((input, at) => ({
      ...{ custom_id: String(at), method: 'POST', url: '/v1/embeddings', body: { model: 'embed', input } },
    }));
    const text = lines.map((line) => JSON.stringify(line)).join('\n');
    const ended = await batches.ended((await batches.create(text, { endpoint: '/v1/embeddings' })).id);
    expect(ended.request_counts).toEqual({ total: 14, completed: 13, failed: 1 });
    const output = await batches.lines(ended.output_file_id);
    for (const { custom_id: id, response } of output) {
      const alone = await batches.openai.embeddings.create({
        ...{ model: 'embed', input: inputs[Number(id)] as string, encoding_format: 'float' },
      });
      expect(response?.body).toEqual({ ...alone });
    }
    const requests = new Set(output.map(({ response }) => response?.request_id));
    expect(requests.size).toBeLessThan(output.length);
    expect(await batches.lines(ended.error_file_id)).toMatchObject([
      { custom_id: '2', response: { status_code: 400 } },
    ]);
    const tokens = output.reduce((sum, { response }) => sum + (response?.body.usage?.prompt_tokens ?? 0), 0);
    expect(ended.usage).toMatchObject({ input_tokens: tokens });
  });
});

describe('a batch that is not valid', () => {
  const good = chatLine('good');
  const cases: [string, string, object][] = [
    ['a line is not JSON', `${good}\n{"custom_id":\n`, { code: 'invalid_json_line', line: 2, param: null }],
    [
      'a parameter is missing',
      `${good}\n{"custom_id":"a","method":"POST","url":"/v1/chat/completions"}`,
      { code: 'missing_required_parameter', line: 2, param: 'body', message: "Missing required parameter: 'body'." },
    ],
    [
      'the URL is another one',
      good.replace('/v1/chat/completions', '/v1/embeddings'),
      {
        ...{ code: 'invalid_url', line: 1, param: 'url' },
        message: 'The URL provided for this request does not match the batch endpoint.',
      },
    ],
    [
      'a model is unknown',
      chatLine('a', {}, { model: 'nothing' }),
      {
        ...{ code: 'model_not_found', line: 1, param: 'body.model' },
        message: "The provided model 'nothing' is not supported by the Batch API.",
      },
    ],
    [
      'a model is missing',
      chatLine('a', {}, { model: undefined }),
      { code: 'invalid_request', line: 1, param: 'body.model', message: 'Model parameter is required.' },
    ],
    [
      'there are no messages',
      chatLine('a', {}, { messages: undefined }),
      { code: 'invalid_request', line: 1, param: 'body.messages' },
    ],
    [
      'a line streams',
      `${good}\n\n${chatLine('b', {}, { stream: true })}`,
      {
        ...{ code: 'streaming_unsupported', line: 3, param: 'body.stream' },
        message: 'Chat Completions: Streaming is not supported in the Batch API.',
      },
    ],
    ['a custom id is used twice', `${good}\n${good}`, { code: 'duplicate_custom_id', line: 2, param: 'custom_id' }],
    ['it is empty', '\n  \n', { code: 'empty_file', line: null, param: null }],
  ];

  it.each(cases)('since %s fails, and runs nothing', async (_, input, error) => {
    const batches = client();
    const ended = await batches.ended((await batches.create(input)).id);
    test.schema.expectValid('Batch', ended);
    expect(ended).toMatchObject({
      status: 'failed',
      errors: { object: 'list', data: [expect.objectContaining(error)] },
      request_counts: { total: 0, completed: 0, failed: 0 },
    });
    expect(ended.failed_at).toBeGreaterThan(0);
  });

  it('names all that is missing in a line', async () => {
    const batches = client();
    const ended = await batches.ended((await batches.create('{}')).id);
    expect(ended.errors?.data?.map(({ param }) => param)).toEqual(['custom_id', 'method', 'url', 'body']);
  });

  it.each([
    ['unknown', () => Promise.resolve('file-0123456789abcdef01234567')],
    ['another purpose', () => client().upload(chatLine('a'), 'user_data')],
  ])('since its file is %s fails', async (_, fileId) => {
    const batches = client();
    const id = await fileId();
    const created = await batches.create('', { input_file_id: id });
    expect(created.status).toBe('validating');
    const ended = await batches.ended(created.id);
    expect(ended.errors?.data).toEqual([
      expect.objectContaining({ code: 'invalid_request', line: null, param: 'file_id' }),
    ]);
  });
});

describe('a request for a batch', () => {
  it.each([
    ['an endpoint that is not supported', { endpoint: '/v1/audio/speech' }, 'endpoint'],
    ['a window of 48 hours', { completion_window: '48h' }, 'completion_window'],
    ['no window', { completion_window: '' }, 'completion_window'],
    ['metadata that is not text', { metadata: { tags: ['a'] } }, 'metadata.tags'],
  ])('with %s is a 400', async (_, params, param) => {
    const attempt = client().create('', { input_file_id: 'file-1', ...(params as object) });
    await expect(attempt).rejects.toMatchObject({ status: 400, param });
  });

  it('with the same idempotency key returns the same batch', async () => {
    const inputFileId = await client().upload(chatLine('a'));
    const create = (metadata: object): Promise<Response> =>
      fetch(`${test.description.projectUrl}/batches`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${test.description.apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': 'a batch',
        },
        body: JSON.stringify({
          ...{ input_file_id: inputFileId, endpoint: '/v1/chat/completions', completion_window: '1h', metadata },
        }),
      });
    const [first, second] = [await (await create({})).json(), await (await create({})).json()];
    expect((second as { id: string }).id).toBe((first as { id: string }).id);
    expect(await errorOf(create({ other: 'yes' }))).toEqual([409, 'idempotency_key_reused']);
  });

  it('that does not exist is a 404', async () => {
    const { openai } = client();
    for (const attempt of [() => openai.batches.retrieve('batch_none'), () => openai.batches.cancel('batch_none')])
      await expect(attempt()).rejects.toMatchObject({
        status: 404,
        message: expect.stringContaining('No batch found with id batch_none'),
      });
  });
});

describe('cancelling a batch', () => {
  it('keeps the results until then, and names the lines that were not run', async () => {
    const batches = client();
    const input = Array.from({ length: 200 }, (_, at) => chatLine(`line-${at}`, { tokens: 10, delayMs: 50 })).join(
      '\n',
    );
    const { id } = await batches.create(input);
    await eventually('some lines are done', async () =>
      ((await batches.openai.batches.retrieve(id)).request_counts?.completed ?? 0) > 3 ? true : undefined,
    );
    const cancelling = await batches.openai.batches.cancel(id);
    expect(cancelling).toMatchObject({ status: 'cancelling', cancelling_at: expect.any(Number) });
    const ended = await batches.ended(id);
    expect(ended).toMatchObject({ status: 'cancelled', cancelled_at: expect.any(Number) });
    const [done, failed] = [await batches.lines(ended.output_file_id), await batches.lines(ended.error_file_id)];
    expect(done.length).toBeGreaterThan(3);
    expect(done.length + failed.length).toBe(200);
    expect(failed.map(({ error }) => error?.code)).toEqual(failed.map(() => 'batch_cancelled'));
    expect(await batches.openai.batches.cancel(id)).toMatchObject({ status: 'cancelled' });
  });

  it('that has ended is a 409', async () => {
    const batches = client();
    const { id } = await batches.create(chatLine('a'));
    await batches.ended(id);
    await expect(batches.openai.batches.cancel(id)).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining("Cannot cancel a batch with status 'completed'."),
    });
  });
});

describe('the progress of a batch', () => {
  it('is known while it runs, and not while it is paused', async () => {
    const batches = client();
    const input = Array.from({ length: 400 }, (_, at) => chatLine(`line-${at}`, { tokens: 4, delayMs: 50 })).join('\n');
    const { id } = await batches.create(input);
    type WithProgress = Batch & { x_progress?: { lines_per_second: number; expected_completion_at?: number } };
    const find = (): Promise<WithProgress> => batches.openai.batches.retrieve(id);
    const running = await eventually('the rate is known', async () => {
      const batch = await find();
      return batch.x_progress === undefined ? undefined : batch;
    });
    test.schema.expectValid('Batch', running);
    expect(running.status).toBe('in_progress');
    expect(running.x_progress?.lines_per_second).toBeGreaterThan(0);
    expect(running.x_progress?.expected_completion_at).toBeGreaterThan(running.created_at);
    const { databaseUrl } = test.description;
    const work = await storedWork(databaseUrl);
    expect(work.batches).toContainEqual({ status: 'in_progress', count: 1 });
    expect([work.lines, work.files > 0, work.bytes > 0, work.linesPerSecond > 0]).toEqual([400, true, true, true]);
    await batches.openai.post(`/batches/${id}/pause`);
    expect((await storedWork(databaseUrl)).batches).toContainEqual({ status: 'paused', count: 1 });
    expect(await find()).not.toHaveProperty('x_progress');
    await batches.openai.post(`/batches/${id}/resume`);
    expect(await find()).not.toHaveProperty('x_progress');
    await batches.openai.batches.cancel(id);
    expect(await batches.ended(id)).not.toHaveProperty('x_progress');
  });
});

describe('pausing a batch', () => {
  const completed = async (batches: BatchClient, id: string): Promise<number> =>
    (await batches.openai.batches.retrieve(id)).request_counts?.completed ?? 0;
  const post = (batches: BatchClient, id: string, action: string): Promise<Batch> =>
    batches.openai.post<Batch>(`/batches/${id}/${action}`);

  /** A batch of 100 lines that is paused when some are done, and its lines that were running have ended. */
  async function paused(batches: BatchClient): Promise<{ id: string; count: number }> {
    const input = Array.from({ length: 100 }, (_, at) => chatLine(`line-${at}`, { tokens: 4, delayMs: 50 }));
    const { id } = await batches.create(input.join('\n'));
    await eventually('some lines are done', async () => ((await completed(batches, id)) > 3 ? true : undefined));
    expect(await post(batches, id, 'pause')).toMatchObject({ status: 'in_progress', paused_at: expect.any(Number) });
    let count = 0;
    await eventually('no line runs', async () => {
      const before = count;
      count = await completed(batches, id);
      await delay(1_500);
      return count === before;
    });
    return { id, count };
  }

  it('starts no more lines until it is resumed', async () => {
    const batches = client();
    const { id, count } = await paused(batches);
    expect(count).toBeLessThan(100);
    // Longer than the sweeper waits.
    await delay(6_000);
    expect(await completed(batches, id)).toBe(count);
    const resumed = await post(batches, id, 'resume');
    expect(resumed.status).toBe('in_progress');
    expect(resumed).not.toHaveProperty('paused_at');
    const ended = await batches.ended(id);
    expect(ended).toMatchObject({ status: 'completed', request_counts: { total: 100, completed: 100, failed: 0 } });
    const ids = (await batches.lines(ended.output_file_id)).map(({ custom_id: customId }) => customId);
    expect(new Set(ids).size).toBe(100);
    expect(ids).toHaveLength(100);
  });

  it('allows to cancel it', async () => {
    const batches = client();
    const { id, count } = await paused(batches);
    expect(await batches.openai.batches.cancel(id)).not.toHaveProperty('paused_at');
    expect(await batches.ended(id)).toMatchObject({
      ...{ status: 'cancelled', request_counts: { total: 100, completed: count, failed: 100 - count } },
    });
  });

  it('whose input file is deleted ends it, with what was done', async () => {
    const batches = client();
    const [{ id, count }, other] = [await paused(batches), await paused(batches)];
    for (const each of [id, other.id])
      await batches.openai.files.delete((await batches.openai.batches.retrieve(each)).input_file_id);
    await post(batches, id, 'resume');
    const failed = await batches.ended(id);
    expect(failed).toMatchObject({
      ...{ status: 'failed', request_counts: { total: 100, completed: count, failed: 0 } },
      errors: { data: [{ code: 'invalid_request', param: 'file_id', line: null }] },
    });
    expect(await batches.lines(failed.output_file_id)).toHaveLength(count);
    await batches.openai.batches.cancel(other.id);
    expect(await batches.ended(other.id)).toMatchObject({
      ...{ status: 'cancelled', request_counts: { total: 100, completed: other.count, failed: 0 } },
    });
  });

  it('that has ended is a 409, and resuming it as well', async () => {
    const batches = client();
    const { id } = await batches.create(chatLine('a'));
    await batches.ended(id);
    for (const action of ['pause', 'resume'])
      await expect(post(batches, id, action)).rejects.toMatchObject({
        status: 409,
        message: expect.stringContaining(`Cannot ${action} a batch with status 'completed'.`),
      });
  });
});

describe('retrying a batch', () => {
  const retry = (batches: BatchClient, id: string, headers = {}): Promise<Batch> =>
    batches.openai.post<Batch>(`/batches/${id}/retry`, { headers });

  it('runs the lines that were not run, and no others', async () => {
    const batches = client();
    const input = Array.from({ length: 60 }, (_, at) => chatLine(`line-${at}`, { tokens: 4, delayMs: 50 }));
    const { id } = await batches.create(input.join('\n'), { metadata: { team: 'search' } });
    await eventually('some lines are done', async () =>
      ((await batches.openai.batches.retrieve(id)).request_counts?.completed ?? 0) > 3 ? true : undefined,
    );
    await batches.openai.batches.cancel(id);
    const cancelled = await batches.ended(id);
    const [done, left] = [await batches.lines(cancelled.output_file_id), await batches.lines(cancelled.error_file_id)];
    expect(left.length).toBeGreaterThan(0);
    const retried = await retry(batches, id);
    test.schema.expectValid('Batch', retried);
    expect(retried).toMatchObject({
      ...{ status: 'validating', retried_batch_id: id, input_file_id: cancelled.input_file_id },
      ...{ endpoint: '/v1/chat/completions', metadata: { team: 'search' } },
    });
    const ended = await batches.ended(retried.id);
    expect(ended).toMatchObject({
      ...{ status: 'completed', request_counts: { total: left.length, completed: left.length, failed: 0 } },
    });
    const ids = [...done, ...(await batches.lines(ended.output_file_id))].map(({ custom_id: customId }) => customId);
    expect(ids.toSorted()).toEqual(input.map((_, at) => `line-${at}`).toSorted());
  });

  it('runs lines that have failed, once per idempotency key', async () => {
    const batches = client();
    const { id } = await batches.create([chatLine('good'), chatLine('bad', {}, { temperature: 99 })].join('\n'));
    await batches.ended(id);
    const headers = { 'idempotency-key': `retry of ${id}` };
    const [retried, again] = [await retry(batches, id, headers), await retry(batches, id, headers)];
    expect(again.id).toBe(retried.id);
    const ended = await batches.ended(retried.id);
    expect(ended.request_counts).toEqual({ total: 1, completed: 0, failed: 1 });
    expect((await batches.lines(ended.error_file_id)).map(({ custom_id: customId }) => customId)).toEqual(['bad']);
  });

  it('fails if its error file was deleted', async () => {
    const batches = client();
    const { id } = await batches.create(chatLine('bad', {}, { temperature: 99 }));
    await batches.openai.files.delete((await batches.ended(id)).error_file_id ?? '');
    const ended = await batches.ended((await retry(batches, id)).id);
    expect(ended).toMatchObject({ status: 'failed', errors: { data: [{ param: 'error_file_id', line: null }] } });
  });

  it.each([
    ['runs', chatLine('a', { tokens: 20, delayMs: 100 }), 'it has not ended'],
    ['is not valid', '{}', 'its input is not valid'],
    ['has no failed lines', chatLine('a'), 'none of its lines has failed'],
  ])('that %s is a 409', async (state, input, reason) => {
    const batches = client();
    const { id } = await batches.create(input);
    if (state !== 'runs') await batches.ended(id);
    await expect(retry(batches, id)).rejects.toMatchObject({ status: 409, message: expect.stringContaining(reason) });
    await batches.ended(id);
  });
});

describe('a list of batches', () => {
  it('has the newest first, in pages', async () => {
    const { openai } = client();
    const page = await openai.batches.list({ limit: 2 });
    const { data, has_more: hasMore } = page;
    test.schema.expectValid('ListBatchesResponse', { object: 'list', data, has_more: hasMore });
    const all: string[] = [];
    for await (const { id } of openai.batches.list({ limit: 2 })) all.push(id);
    expect(all.slice(0, 2)).toEqual(page.data.map(({ id }) => id));
    expect(new Set(all).size).toBe(all.length);
  });
});
