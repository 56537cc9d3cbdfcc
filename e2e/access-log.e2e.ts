/**
 * What an operator reads of each request in the gateway's log: who served it, what it used, how it really ended, and with which
 * error. Never what was said, nor a key.
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
    // Its log is read here.
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

/** The access log line of a request. */
async function lineOf(id: string, by = 'requestId'): Promise<Line> {
  return eventually(`the line of ${id} is written`, async () => {
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

describe('the line of a completion', () => {
  it('in one piece has worker, model and tokens', async () => {
    const { requestId, body } = await test.api.chat(scripted({ tokens: 4 }));
    const line = await lineOf(requestId);
    expect(line).toMatchObject({ ...served(), level: 'info', status: 200, outcome: 'completed' });
    expect(line['promptTokens']).toBe(body.usage.prompt_tokens);
    expect(line).not.toHaveProperty('errorCode');
  });

  it('that is streamed has the time to the first token too', async () => {
    const stream = await test.api.stream(scripted({ tokens: 4 }));
    expect(await stream.ended).toBe('done');
    const line = await lineOf(stream.requestId);
    expect(line).toMatchObject({
      ...served(),
      status: 200,
      outcome: 'completed',
      timeToFirstTokenMs: expect.any(Number),
    });
    expect(line['timeToFirstTokenMs']).toBeLessThanOrEqual(line['durationMs'] as number);
  });

  it('whose stream fails in the middle says so, with the code', async () => {
    const stream = await test.api.stream(scripted({ tokens: 9, failAfter: 4 }));
    expect(await stream.ended).toBe('error');
    expect(await lineOf(stream.requestId)).toMatchObject({
      ...served(),
      level: 'warn',
      status: 200,
      outcome: 'failed',
      errorCode: 'inference.engine_failed',
    });
  });

  it('whose client left says so, with what was used until then', async () => {
    const stream = await test.api.stream(scripted({ tokens: 5_000, delayMs: 20 }));
    await stream.textChunks(3);
    stream.abort();
    const line = await lineOf(stream.requestId);
    expect(line).toMatchObject({
      level: 'info',
      status: 200,
      outcome: 'client_closed',
      model: test.platform.modelId('scripted'),
    });
    expect(line['completionTokens']).toBeGreaterThanOrEqual(3);
    expect(line['completionTokens']).toBeLessThan(5_000);
  });

  it('whose client left before anything came has no status of a success', async () => {
    // The busy worker must be busy with this request, not with the one of the test before.
    await test.fleet.allIdle();
    const abort = new AbortController();
    const headers = { 'x-client-request-id': 'leaves-early' };
    const running = test.api.chat(scripted({ tokens: 5_000, delayMs: 20 }), { signal: abort.signal, headers });
    await test.fleet.busyWorker();
    abort.abort();
    await expect(running).rejects.toThrow();
    expect(await lineOf('leaves-early', 'clientRequestId')).toMatchObject({ status: 499, outcome: 'client_closed' });
  });

  it('that is cancelled by its id says so', async () => {
    const stream = await test.api.stream(scripted({ tokens: 5_000, delayMs: 20 }));
    await stream.textChunks(1);
    await test.api.request('POST', `${test.api.endpointUrl}/chat/completions/${stream.chunks[0]?.id}`, undefined);
    expect(await stream.ended).toBe('error');
    expect(await lineOf(stream.requestId)).toMatchObject({ outcome: 'failed', errorCode: 'inference.cancelled' });
  });

  it('that fails before its first token is above info, with the code', async () => {
    const { requestId, status } = await test.api.rejected(scripted({ tokens: 9, failAfter: 0 }));
    expect(await lineOf(requestId)).toMatchObject({
      level: 'warn',
      status,
      errorCode: 'inference.engine_failed',
      worker: served()['worker'],
    });
    expect(status).toBe(500);
  });

  it('that nobody can serve is above info, with the code and the model', async () => {
    const { requestId } = await test.api.with({ endpointSlug: 'idle' }).rejected(scripted({}));
    const expected = {
      level: 'warn',
      status: 503,
      errorCode: 'router.no_worker',
      endpoint: 'idle',
      model: test.platform.modelId('idle'),
    };
    expect(await lineOf(requestId)).toMatchObject(expected);
  });

  it('that is refused is at info, with the code', async () => {
    const { requestId } = await test.api.rejected(scripted({}, { n: 0 }));
    expect(await lineOf(requestId)).toMatchObject({ level: 'info', status: 400, errorCode: 'request.invalid' });
  });
});

describe('the line of other requests', () => {
  it('has worker, model and tokens of vectors', async () => {
    const url = `${test.api.projectUrl}/embeddings`;
    const body = { model: 'vectors', input: 'one two' };
    const { requestId } = await test.api.request('POST', url, 'CreateEmbeddingResponse', body);
    const { endpoint: _endpoint, completionTokens: _tokens, ...rest } = served();
    expect(await lineOf(requestId)).toMatchObject({ ...rest, endpoint: 'vectors', completionTokens: 0 });
  });

  it("has the client's own id beside ours", async () => {
    for (const name of ['x-client-request-id', 'x-request-id']) {
      const headers = { [name]: `ticket ${name}` };
      const { requestId } = await test.api.chat(scripted({ tokens: 1 }), { headers });
      expect(await lineOf(requestId)).toMatchObject({ clientRequestId: `ticket ${name}` });
    }
    const { requestId } = await test.api.chat(scripted({ tokens: 1 }));
    expect(await lineOf(requestId)).not.toHaveProperty('clientRequestId');
  });

  it('has the code of a key that is refused, and says to its sender how to authenticate', async () => {
    const missing = await test.api.rejected(scripted({}), { key: null });
    const wrong = await test.api.rejected(scripted({}), { key: 'xero_wrong' });
    expect([missing, wrong].map(({ status, headers }) => [status, headers.get('www-authenticate')])).toEqual([
      [401, 'Bearer realm="xerotier"'],
      [401, 'Bearer realm="xerotier", error="invalid_token"'],
    ]);
    expect(await lineOf(missing.requestId)).toMatchObject({ level: 'info', errorCode: 'auth.missing_key' });
    expect(await lineOf(wrong.requestId)).toMatchObject({ level: 'info', errorCode: 'auth.invalid_key' });
    expect((await test.api.chat(scripted({ tokens: 1 }))).headers.get('www-authenticate')).toBeNull();
  });
});

describe('the whole log', () => {
  it('has no prompt, no completion and no key', async () => {
    const secret = 'the-word-that-nobody-may-read';
    const messages = [{ role: 'user', content: `${secret} [[script {"tokens":3}]]` }];
    const { requestId } = await test.api.chat({ model: 'scripted', messages });
    const broken = await test.api.rejected({ model: 'scripted', messages, stop: [secret.repeat(20)] });
    await Promise.all([requestId, broken.requestId].map((id) => lineOf(id)));
    const text = await logText();
    for (const unspeakable of [secret, numberedTokens(3), test.description.apiKey])
      expect(text).not.toContain(unspeakable);
  });
});
