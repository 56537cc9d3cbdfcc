/**
 * The access log of the gateway: worker, usage, outcome and error code of each request. It contains no prompt, no completion
 * and no API key.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { readFile } from 'node:fs/promises';
import { numberedTokens, scripted } from './support/api-client.ts';
import { testPlatform } from './support/test-platform.ts';

type Line = Record<string, unknown>;

const test = testPlatform(() => {
  const plan = scriptedPlatform();
  const idle = { ...plan.models[0]!, id: 'idle', name: 'idle' };
  return {
    ...plan,
    // A gateway of its own, because this suite reads its log.
    gateways: 1,
    models: [...plan.models, idle],
    endpoints: [
      ...plan.endpoints,
      { slug: 'vectors', modelId: 'scripted', tier: 'self_hosted', task: 'embed' },
      { slug: 'idle', modelId: 'idle', tier: 'self_hosted' },
    ],
  };
});

function logText(): Promise<string> {
  return readFile(test.platform.service('gateway').spec.logFile, 'utf8');
}

/** Returns the access log entry of a request as soon as it is written. */
async function logEntryOf(id: string, by = 'requestId'): Promise<Line> {
  return eventually(`the log entry of ${id} is written`, async () => {
    const lines = (await logText()).split('\n').filter((line) => line.includes(id));
    return lines
      .map((line) => JSON.parse(line) as Line)
      .find((line) => line['msg'] === 'request completed' && line[by] === id);
  });
}

const served = (): Line => ({
  endpoint: 'chat',
  model: test.platform.modelId('scripted'),
  worker: expect.stringMatching(/./),
  promptTokens: expect.any(Number),
  cachedTokens: expect.any(Number),
  completionTokens: 4,
});

describe('access log entry of a chat completion', () => {
  it('has worker, model and tokens', async () => {
    const { requestId, body } = await test.api.chat(scripted({ tokens: 4 }));
    const line = await logEntryOf(requestId);
    expect(line).toMatchObject({ ...served(), level: 'info', status: 200, outcome: 'completed' });
    expect(line['promptTokens']).toBe(body.usage.prompt_tokens);
    expect(line).not.toHaveProperty('errorCode');
  });

  it('has the time to first token of a stream', async () => {
    const stream = await test.api.stream(scripted({ tokens: 4 }));
    expect(await stream.ended).toBe('done');
    const line = await logEntryOf(stream.requestId);
    expect(line).toMatchObject({
      ...served(),
      status: 200,
      outcome: 'completed',
      timeToFirstTokenMs: expect.any(Number),
    });
    expect(line['timeToFirstTokenMs']).toBeLessThanOrEqual(line['durationMs'] as number);
  });

  it('has outcome failed and the error code when the engine fails during the stream', async () => {
    const stream = await test.api.stream(scripted({ tokens: 9, failAfter: 4 }));
    expect(await stream.ended).toBe('error');
    expect(await logEntryOf(stream.requestId)).toMatchObject({
      ...served(),
      level: 'warn',
      status: 200,
      outcome: 'failed',
      errorCode: 'inference.engine_failed',
    });
  });

  it('has outcome client_closed and the usage so far when the client disconnects during the stream', async () => {
    const stream = await test.api.stream(scripted({ tokens: 5_000, delayMs: 20 }));
    await stream.textChunks(3);
    stream.abort();
    const line = await logEntryOf(stream.requestId);
    expect(line).toMatchObject({
      level: 'info',
      status: 200,
      outcome: 'client_closed',
      model: test.platform.modelId('scripted'),
    });
    expect(line['completionTokens']).toBeGreaterThanOrEqual(3);
    expect(line['completionTokens']).toBeLessThan(5_000);
  });

  it('has status 499 when the client disconnects before the first token', async () => {
    // The busy worker must be busy with this request, not with that of the previous test.
    await test.fleet.allIdle();
    const abort = new AbortController();
    const headers = { 'x-client-request-id': 'disconnects-early' };
    const running = test.api.chat(scripted({ tokens: 5_000, delayMs: 20 }), { signal: abort.signal, headers });
    await test.fleet.busyWorker();
    abort.abort();
    await expect(running).rejects.toThrow();
    expect(await logEntryOf('disconnects-early', 'clientRequestId')).toMatchObject({
      status: 499,
      outcome: 'client_closed',
    });
  });

  it('has the error code inference.cancelled when the completion is cancelled by id', async () => {
    const stream = await test.api.stream(scripted({ tokens: 5_000, delayMs: 20 }));
    await stream.textChunks(1);
    await test.api.request('POST', `${test.api.endpointUrl}/chat/completions/${stream.chunks[0]?.id}`, undefined);
    expect(await stream.ended).toBe('error');
    expect(await logEntryOf(stream.requestId)).toMatchObject({ outcome: 'failed', errorCode: 'inference.cancelled' });
  });

  it('has level warn and the error code when the engine fails before the first token', async () => {
    const { requestId, status } = await test.api.rejected(scripted({ tokens: 9, failAfter: 0 }));
    expect(await logEntryOf(requestId)).toMatchObject({
      level: 'warn',
      status,
      errorCode: 'inference.engine_failed',
      worker: served()['worker'],
    });
    expect(status).toBe(500);
  });

  it('has level warn, the error code and the model when there is no worker', async () => {
    const { requestId } = await test.api.with({ endpointSlug: 'idle' }).rejected(scripted({}));
    const expected = {
      level: 'warn',
      status: 503,
      errorCode: 'router.no_worker',
      endpoint: 'idle',
      model: test.platform.modelId('idle'),
    };
    expect(await logEntryOf(requestId)).toMatchObject(expected);
  });

  it('has level info and the error code for an invalid request', async () => {
    const { requestId } = await test.api.rejected(scripted({}, { n: 0 }));
    expect(await logEntryOf(requestId)).toMatchObject({ level: 'info', status: 400, errorCode: 'request.invalid' });
  });
});

describe('access log entry of other requests', () => {
  it('has worker, model and tokens of an embedding request', async () => {
    const url = `${test.api.projectUrl}/embeddings`;
    const body = { model: 'vectors', input: 'one two' };
    const { requestId } = await test.api.request('POST', url, 'CreateEmbeddingResponse', body);
    const { endpoint: _endpoint, completionTokens: _tokens, ...rest } = served();
    expect(await logEntryOf(requestId)).toMatchObject({ ...rest, endpoint: 'vectors', completionTokens: 0 });
  });

  it("has the client's request id in addition to the generated one", async () => {
    for (const name of ['x-client-request-id', 'x-request-id']) {
      const headers = { [name]: `ticket ${name}` };
      const { requestId } = await test.api.chat(scripted({ tokens: 1 }), { headers });
      expect(await logEntryOf(requestId)).toMatchObject({ clientRequestId: `ticket ${name}` });
    }
    const { requestId } = await test.api.chat(scripted({ tokens: 1 }));
    expect(await logEntryOf(requestId)).not.toHaveProperty('clientRequestId');
  });

  it('has the error code of a rejected API key, and the response has WWW-Authenticate', async () => {
    const missing = await test.api.rejected(scripted({}), { key: null });
    const wrong = await test.api.rejected(scripted({}), { key: 'xero_wrong' });
    expect([missing, wrong].map(({ status, headers }) => [status, headers.get('www-authenticate')])).toEqual([
      [401, 'Bearer realm="xerotier"'],
      [401, 'Bearer realm="xerotier", error="invalid_token"'],
    ]);
    expect(await logEntryOf(missing.requestId)).toMatchObject({ level: 'info', errorCode: 'auth.missing_key' });
    expect(await logEntryOf(wrong.requestId)).toMatchObject({ level: 'info', errorCode: 'auth.invalid_key' });
    expect((await test.api.chat(scripted({ tokens: 1 }))).headers.get('www-authenticate')).toBeNull();
  });
});

describe('gateway log', () => {
  it('contains no prompt, no completion and no API key', async () => {
    const secret = 'word-that-must-not-be-logged';
    const messages = [{ role: 'user', content: `${secret} [[script {"tokens":3}]]` }];
    const { requestId } = await test.api.chat({ model: 'scripted', messages });
    const broken = await test.api.rejected({ model: 'scripted', messages, stop: [secret.repeat(20)] });
    await Promise.all([requestId, broken.requestId].map((id) => logEntryOf(id)));
    const text = await logText();
    for (const confidential of [secret, numberedTokens(3), test.description.apiKey])
      expect(text).not.toContain(confidential);
  });
});
