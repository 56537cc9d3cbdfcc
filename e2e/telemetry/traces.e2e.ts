/** Spans of a running platform, as a collector gets them. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { scripted } from '../support/api-client.ts';
import { kind, OtlpReceiver } from '../support/otlp-receiver.ts';
import type { ReceivedSpan } from '../support/otlp-receiver.ts';
import { dedicatedPlatform } from '../support/test-platform.ts';

const CANARY = `canary-${randomBytes(8).toString('hex')}`;
const COLLECTOR_KEY = `collector-${randomBytes(8).toString('hex')}`;

const collector = new OtlpReceiver();

const test = dedicatedPlatform(async () => {
  await collector.listen();
  return {
    ...scriptedPlatform({ workers: 2 }),
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `x-collector-key=${COLLECTOR_KEY}`,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=e2e',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    },
  };
});

afterAll(() => collector.close());

interface ClientTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly headers: Record<string, string>;
}

/** What a client that traces its calls sends. */
function clientTrace(flags = '01'): ClientTrace {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: 'vendor=1' } };
}

const SERVER_SPAN = 'POST /:project/:endpoint/v1/chat/completions';

const named = (spans: readonly ReceivedSpan[], name: string, service: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name && span.service === service);
  const all = spans.map((span) => `${span.service}: ${span.name}`);
  if (found.length !== 1) throw new Error(`${found.length} spans '${name}' of ${service} among ${all.join(', ')}`);
  return found[0]!;
};

const has = (name: string, service: string) => (spans: readonly ReceivedSpan[]) =>
  spans.some((span) => span.name === name && span.service === service);

const isWhole = (spans: readonly ReceivedSpan[]): boolean =>
  [
    has(SERVER_SPAN, 'gateway'),
    has('router.acquireMany', 'router'),
    has('xim.generate', 'xim'),
    has('send usage.v1.recorded', 'gateway'),
  ].every((holds) => holds(spans));

describe('trace of a streamed completion', () => {
  const { traceId, spanId, headers } = clientTrace();
  let spans: ReceivedSpan[];
  let requestId: string;

  beforeAll(async () => {
    // A key that no gateway has looked up yet, so that auth is asked.
    await test.platform.service('gateway').stop();
    await test.platform.service('gateway').start();
    const body = scripted({ tokens: 5, promptTokens: 11 }, { stream_options: { include_usage: true } });
    const stream = await eventually('the gateway responds', () =>
      test.api.stream(body, { headers }).catch(() => undefined),
    );
    expect(await stream.ended).toBe('done');
    requestId = stream.requestId;
    spans = await collector.trace(traceId, isWhole);
  });

  it('continues the trace of the client', () => {
    const server = named(spans, SERVER_SPAN, 'gateway');
    expect(server).toMatchObject({ kind: kind.server, parentSpanId: spanId, statusCode: 0 });
    expect(server.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/:project/:endpoint/v1/chat/completions',
      'http.response.status_code': 200,
      'xerotier.request.id': requestId,
      'xerotier.outcome': 'completed',
    });
  });

  it('has a client and a server span per call, with the correct parents', () => {
    const server = named(spans, SERVER_SPAN, 'gateway');
    for (const [name, service] of [
      ['auth.authorize', 'auth'],
      ['router.acquireMany', 'router'],
    ] as const) {
      const client = named(spans, name, 'gateway');
      expect(client).toMatchObject({ kind: kind.client, parentSpanId: server.spanId });
      expect(named(spans, name, service)).toMatchObject({ kind: kind.server, parentSpanId: client.spanId });
      const [rpcService, method] = name.split('.');
      expect(client.attributes).toMatchObject({
        'rpc.system': 'nats',
        'rpc.service': rpcService,
        'rpc.method': method,
      });
    }
  });

  it('has one inference span until the last frame, with the span of the worker as its child', () => {
    const server = named(spans, SERVER_SPAN, 'gateway');
    const attempt = named(spans, 'chat scripted', 'gateway');
    expect(attempt).toMatchObject({ kind: kind.client, parentSpanId: server.spanId, events: ['first_token'] });
    expect(attempt.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'xerotier',
      'gen_ai.request.model': 'scripted',
      'gen_ai.usage.input_tokens': 11,
      'gen_ai.usage.output_tokens': 5,
      'xerotier.attempt': 1,
      'xerotier.outcome': 'completed',
    });
    const worker = named(spans, 'xim.generate', 'xim');
    expect(worker).toMatchObject({ kind: kind.server, parentSpanId: attempt.spanId });
    expect(server.endNanoseconds).toBeGreaterThanOrEqual(attempt.endNanoseconds);
  });

  it('has no orphaned span', () => {
    const ids = new Set([spanId, ...spans.map((span) => span.spanId)]);
    expect(spans.filter(({ parentSpanId }) => !ids.has(parentSpanId ?? ''))).toEqual([]);
  });

  it('is linked from the span that records the usage', async () => {
    const sent = named(spans, 'send usage.v1.recorded', 'gateway');
    const processed = await eventually('the ledger has it', () =>
      collector.spans.find(({ links }) => links.some((link) => link.spanId === sent.spanId)),
    );
    expect(processed).toMatchObject({
      service: 'auth',
      name: 'process usage.v1.recorded',
      kind: kind.consumer,
      parentSpanId: undefined,
    });
    expect(processed.traceId).not.toBe(traceId);
  });
});

describe('a trace', () => {
  it('of n choices has one worker span per attempt', async () => {
    const { traceId, headers } = clientTrace();
    await test.api.chat(scripted({ tokens: 2 }, { n: 3 }), { headers });
    const ofWorkers = (spans: readonly ReceivedSpan[]): ReceivedSpan[] =>
      spans.filter(({ name }) => name === 'xim.generate');
    const spans = await collector.trace(traceId, (all) => isWhole(all) && ofWorkers(all).length === 3);
    const attempts = spans.filter(({ name }) => name === 'chat scripted').map((span) => span.spanId);
    expect(attempts).toHaveLength(3);
    expect(
      ofWorkers(spans)
        .map(({ parentSpanId }) => parentSpanId)
        .toSorted(),
    ).toEqual(attempts.toSorted());
  });

  it('of a client that does not sample is not recorded', async () => {
    const unsampled = clientTrace('00');
    await test.api.chat(scripted({ tokens: 1 }), { headers: unsampled.headers });
    const sampled = clientTrace();
    await test.api.chat(scripted({ tokens: 1 }), { headers: sampled.headers });
    await collector.trace(sampled.traceId, isWhole);
    expect(collector.spans.filter(({ traceId }) => traceId === unsampled.traceId)).toEqual([]);
  });

  it('is new when the client sends no valid traceparent', async () => {
    const { requestId } = await test.api.chat(scripted({ tokens: 1 }), {
      headers: { traceparent: `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01` },
    });
    const root = await eventually('the span arrives', () =>
      collector.spans.find(
        ({ attributes, kind: of }) => of === kind.server && attributes['xerotier.request.id'] === requestId,
      ),
    );
    expect(root.parentSpanId).toBeUndefined();
    expect(root.traceId).not.toBe('0'.repeat(32));
  });

  it('of a failed request has the error code', async () => {
    const { traceId, headers } = clientTrace();
    const { status } = await test.api.rejected(scripted({ failAfter: 0 }), { headers });
    const spans = await collector.trace(traceId, isWhole);
    const server = named(spans, SERVER_SPAN, 'gateway');
    expect(server).toMatchObject({ statusCode: status >= 500 ? 2 : 0 });
    expect(server.attributes).toMatchObject({ 'http.response.status_code': status, 'xerotier.outcome': 'failed' });
    expect(server.attributes['error.type']).toMatch(/^inference\./);
    const attempts = spans.filter(({ name }) => name === 'chat scripted');
    expect(attempts.length).toBeGreaterThan(0);
    for (const attempt of attempts)
      expect(attempt).toMatchObject({ statusCode: 2, attributes: { 'xerotier.outcome': 'failed' } });
  });

  it('of a rejected request has no error status', async () => {
    const { traceId, headers } = clientTrace();
    await test.api.rejected(scripted({}), { headers, key: 'xero_demo_wrong' });
    const [server] = await collector.trace(traceId, has(SERVER_SPAN, 'gateway'));
    expect(server).toMatchObject({ statusCode: 0, attributes: { 'http.response.status_code': 401 } });
  });

  it('of an unknown path has no route', async () => {
    const { traceId, headers } = clientTrace();
    await fetch(`${test.description.baseUrl}/nothing/${CANARY}`, { headers });
    const [server] = await collector.trace(traceId, has('GET', 'gateway'));
    expect(server?.attributes).not.toHaveProperty(['http.route']);
  });

  it('of a client that disconnects is complete', async () => {
    const { traceId, headers } = clientTrace();
    const stream = await test.api.stream(scripted({ tokens: 5_000, delayMs: 20 }), { headers });
    await stream.textChunks(2);
    stream.abort();
    const spans = await collector.trace(traceId, isWhole);
    expect(named(spans, SERVER_SPAN, 'gateway').attributes['xerotier.outcome']).toBe('client_closed');
    expect(named(spans, 'chat scripted', 'gateway').attributes['xerotier.outcome']).toBe('cancelled');
  });
});

describe('spans', () => {
  it('have the resource attributes of their process, and are sent with the configured headers', () => {
    const resources = collector.bodies.join('\n');
    for (const name of ['service.name', 'service.version', 'service.instance.id', 'deployment.environment.name'])
      expect(resources).toContain(`"${name}"`);
    expect(new Set(collector.spans.map(({ service }) => service))).toEqual(
      new Set(['gateway', 'auth', 'router', 'xim']),
    );
    expect(collector.headers.every((headers) => headers['x-collector-key'] === COLLECTOR_KEY)).toBe(true);
  });

  it('include one per command run', () => {
    for (const service of ['auth', 'router'])
      expect(collector.spans.filter((span) => span.service === service && span.name === `${service} seed`)).not.toEqual(
        [],
      );
  });

  it('contain no prompt, completion, key, header or address', async () => {
    const { traceId, headers } = clientTrace();
    const secretHeader = `header-${CANARY}`;
    const body = { ...scripted({ tokens: 3 }), user: `user-${CANARY}`, metadata: { note: CANARY } };
    body.messages = [{ role: 'system', content: `system-${CANARY}` }, ...(body.messages as object[])];
    await test.api.chat(body, {
      headers: { ...headers, 'user-agent': secretHeader, 'x-forwarded-for': '203.0.113.77' },
    });
    await test.api.rejected({ ...body, temperature: `temperature-${CANARY}` });
    await collector.trace(traceId, isWhole);
    const received = collector.bodies.join('\n');
    expect(received).toContain(traceId);
    for (const secret of [
      CANARY,
      'tok0',
      test.description.apiKey,
      test.description.managementKey,
      COLLECTOR_KEY,
      '203.0.113.77',
    ])
      expect(received).not.toContain(secret);
  });
});

describe('a collector', () => {
  const gatewayLog = (): Promise<string> => readFile(test.platform.service('gateway').spec.logFile, 'utf8');
  const warnings = (log: string): number =>
    log.split('\n').filter((line) => line.includes('span export failed')).length;

  it('that hangs delays neither requests nor the shutdown of a process', async () => {
    collector.hang();
    await Promise.all(Array.from({ length: 20 }, () => test.api.chat(scripted({ tokens: 1 }))));
    const gateway = test.platform.service('gateway');
    await gateway.stop();
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    await gateway.start();
    collector.recover();
  });

  it('that is unreachable causes one warning', async () => {
    await collector.close();
    await eventually('the gateway responds', () => test.api.chat(scripted({ tokens: 1 })).catch(() => undefined));
    for (let i = 0; i < 10; i += 1) await test.api.chat(scripted({ tokens: 1 }));
    await eventually('the gateway has noticed', async () => warnings(await gatewayLog()) > 0 || undefined, 30_000);
    for (let i = 0; i < 10; i += 1) await test.api.chat(scripted({ tokens: 1 }));
    const gateway = test.platform.service('gateway');
    await gateway.stop();
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    expect(warnings(await gatewayLog())).toBe(1);
    await gateway.start();
  });
});
