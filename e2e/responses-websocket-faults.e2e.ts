/** WebSockets of responses when something ends: time, the connection, the gateway, or the service that runs their turns. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { readFile } from 'node:fs/promises';
import type { ClientOptions } from 'ws';
import { AdditionalProcess, stopAdditionalProcesses } from './support/additional-process.ts';
import { Ledger } from './support/ledger.ts';
import { Metrics } from './support/metrics.ts';
import { closeSockets, rejectionOf, ResponseSocketClient } from './support/response-socket.ts';
import { scriptedText } from './support/responses-client.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => scriptedPlatform({ slots: 8 }));
afterEach(closeSockets);
afterEach(stopAdditionalProcesses);

const say = (text: string): string => scriptedText({ text });
const endless = scriptedText({ tokens: 5_000, delayMs: 20 });

/** The base URL of the project, on another gateway if one is given. */
function urlAt(gateway?: AdditionalProcess): string {
  const { projectId, baseUrl } = test.description;
  return `${gateway === undefined ? baseUrl : `http://127.0.0.1:${gateway.facts['port']}`}/${projectId}/v1`;
}

function connect(gateway?: AdditionalProcess, options?: ClientOptions): Promise<ResponseSocketClient> {
  return ResponseSocketClient.open({ url: urlAt(gateway), apiKey: test.description.apiKey }, test.schema, options);
}

function gatewayWith(env: Readonly<Record<string, string>> = {}): Promise<AdditionalProcess> {
  const own = { HTTP_PORT: '0', HEALTH_PORT: '0', LOG_LEVEL: 'error' };
  return AdditionalProcess.start(test.platform.service('gateway'), { ...own, ...env });
}

describe('the responses service', () => {
  it('that is killed ends the response with an error, and the WebSocket is used further', async () => {
    const socket = await connect();
    socket.create({ input: endless, stream_id: 'a' });
    await socket.until('response.output_text.delta', 'a');
    await test.platform.service('responses').kill('SIGKILL');
    expect(await socket.untilError('a')).toMatchObject({
      status: 503,
      stream_id: 'a',
      error: { code: expect.any(String) },
    });
    socket.create({ input: say('meanwhile') });
    expect(await socket.nextError()).toMatchObject({ status: 503, error: { code: 'storage_unavailable' } });
    await test.platform.service('responses').start();
    const { text } = await eventually('responses are created again', async () => {
      socket.create({ input: say('again') });
      const first = await socket.next();
      if (first.type === 'error') return undefined;
      return { text: (await socket.until('response.output_text.done'))['text' as never] };
    });
    expect(text).toBe('again');
  });
});

describe('a WebSocket', () => {
  it('is closed at the end of its time, after the response that runs', async () => {
    const gateway = await gatewayWith({ WEBSOCKET_LIFETIME_SECONDS: '2' });
    const [idle, busy] = await Promise.all([connect(gateway), connect(gateway)]);
    const input = scriptedText({ tokens: 60, delayMs: 50 });
    busy.create({ input });
    busy.create({ input: say('waits') });
    const expired = {
      ...{ type: 'error', status: 400 },
      error: { type: 'invalid_request_error', code: 'websocket_connection_limit_reached' },
    };
    expect(await idle.nextError()).toMatchObject(expired);
    expect(await idle.closed).toMatchObject({ code: 1001 });
    const events: string[] = [];
    const errors: unknown[] = [];
    for (;;) {
      const event = await busy.next().catch(() => undefined);
      if (event === undefined) break;
      events.push(event.type);
      if (event.type === 'error') errors.push(event);
    }
    // The one that waits, and the WebSocket itself.
    expect(errors).toMatchObject([expired, expired]);
    expect(events.at(-1)).toBe('error');
    expect(events.at(-2)).toBe('response.completed');
    expect(await busy.closed).toMatchObject({ code: 1001 });
  });

  it('is closed when nothing is requested, and not while a response runs', async () => {
    const gateway = await gatewayWith({ WEBSOCKET_IDLE_SECONDS: '1' });
    const [idle, busy] = await Promise.all([connect(gateway), connect(gateway)]);
    busy.create({ input: scriptedText({ tokens: 60, delayMs: 50 }) });
    expect(await idle.closed).toMatchObject({ code: 1001 });
    expect((await busy.read()).response.status).toBe('completed');
    expect(await busy.closed).toMatchObject({ code: 1001 });
  });

  it('is closed without a pong', async () => {
    const gateway = await gatewayWith({ WEBSOCKET_PING_SECONDS: '1' });
    const [silent, alive] = await Promise.all([connect(gateway, { autoPong: false }), connect(gateway)]);
    expect(await silent.closed).toMatchObject({ code: 1006 });
    expect((await alive.respond({ input: say('alive') })).text).toBe('alive');
  });

  it('is closed when the gateway stops, after the response that runs', async () => {
    const gateway = await gatewayWith();
    const [idle, busy] = await Promise.all([connect(gateway), connect(gateway)]);
    busy.create({ input: scriptedText({ tokens: 40, delayMs: 50 }) });
    busy.create({ input: say('waits') });
    await busy.until('response.output_text.delta');
    gateway.signal('SIGTERM');
    expect(await idle.closed).toMatchObject({ code: 1001 });
    for (let rejected = 0; rejected < 2; rejected += 1) {
      expect(await busy.untilError()).toMatchObject({ status: 503, error: { code: 'service_unavailable' } });
      if (rejected === 0) busy.create({ input: say('late') });
    }
    await busy.until('response.completed');
    expect(await busy.closed).toMatchObject({ code: 1001 });
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  it('may be forbidden', async () => {
    const gateway = await gatewayWith({ WEBSOCKETS_PER_PROJECT_MAX: '0' });
    expect(await rejectionOf(urlAt(gateway), test.description.apiKey)).toMatchObject({ status: 429 });
  });
});

describe('a request on a WebSocket', () => {
  type Line = Readonly<Record<string, unknown>>;

  async function linesOf(route: string): Promise<Line[]> {
    const text = await readFile(test.platform.service('gateway').spec.logFile, 'utf8');
    return text
      .split('\n')
      .filter((line) => line.includes('request completed'))
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => line['method'] === 'GET' && line['route'] === route);
  }

  it('has a line in the access log, an id, and metrics, as the one that has opened it', async () => {
    const route = '/:project/v1/responses';
    const metric = 'http_server_request_duration_seconds_count';
    const gateway = test.platform.service('gateway');
    const before = [(await linesOf(route)).length, (await Metrics.of(gateway)).sum(metric, { method: 'GET', route })];
    const socket = await connect();
    await socket.respond({ input: scriptedText({ tokens: 4 }) });
    socket.send('{');
    await socket.nextError();
    await socket.respond({ input: scriptedText({ tokens: 9, failAfter: 4 }) });
    socket.create({ input: endless });
    await socket.until('response.output_text.delta');
    expect((await Metrics.of(gateway)).sum('xerotier_gateway_websockets')).toBe(1);
    await socket.close();
    const lines = await eventually('all lines are written', async () => {
      const found = (await linesOf(route)).slice(before[0]);
      return found.length === 5 ? found : undefined;
    });
    const { projectId } = test.description;
    const served = { projectId, endpoint: 'chat', model: expect.any(String), worker: expect.any(String) };
    expect(lines).toMatchObject([
      { status: 101, outcome: 'completed', projectId, requestId: socket.requestId },
      { status: 200, outcome: 'completed', ...served, completionTokens: 4, timeToFirstTokenMs: expect.any(Number) },
      { status: 400, outcome: 'failed', errorCode: 'websocket.invalid_json' },
      { status: 200, outcome: 'completed', ...served },
      { status: 200, outcome: 'client_closed', ...served },
    ]);
    const ids = lines.map(({ requestId }) => String(requestId));
    expect(new Set(ids).size).toBe(5);
    const rows = await eventually('the ledger has them', async () => {
      const found = await new Ledger(test.description.databaseUrl).rows(ids);
      return found.length >= 3 ? found : undefined;
    });
    const outcomes = new Map(rows.map(({ request_id: id, outcome }) => [id, outcome]));
    expect(ids.map((id) => outcomes.get(id))).toEqual([undefined, 'completed', undefined, 'failed', 'cancelled']);
    const after = await Metrics.of(gateway);
    expect(after.sum(metric, { method: 'GET', route })).toBe((before[1] ?? 0) + 5);
    expect(after.sum('xerotier_gateway_websockets')).toBe(0);
    await eventually('no request is active', async () => {
      return (await Metrics.of(gateway)).sum('http_server_active_requests') === 0;
    });
  });
});
