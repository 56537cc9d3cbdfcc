/** What the metrics of a running platform say, and that they say the same as responses and ledger. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { ApiClient, scripted } from '../support/api-client.ts';
import type { Usage } from '../support/event-stream.ts';
import { Ledger } from '../support/ledger.ts';
import { Metrics } from '../support/metrics.ts';
import { addTenant } from '../support/tenant.ts';
import { dedicatedPlatform } from '../support/test-platform.ts';

const CANARY = `canary-${randomBytes(8).toString('hex')}`;
/** OBS-4: of one process, whatever its tenants and clients do. */
const SERIES_MAX = 10_000;
const TENANTS = 5;

const test = dedicatedPlatform(() => {
  const plan = scriptedPlatform({ workers: 2 });
  const idle = { ...plan.models[0]!, id: 'idle', name: 'idle' };
  return {
    ...plan,
    models: [...plan.models, idle],
    endpoints: [...plan.endpoints, { slug: 'idle', modelId: 'idle', tier: 'self_hosted' }],
  };
});

const metricsOf = (service: string): Promise<Metrics> => Metrics.of(test.platform.service(service));

interface Tokens {
  prompt: number;
  completion: number;
  cached: number;
}

async function tokenCounters(): Promise<Tokens> {
  const metrics = await metricsOf('gateway');
  const of = (type: string): number => metrics.sum('xerotier_inference_tokens_total', { type });
  return { prompt: of('prompt'), completion: of('completion'), cached: of('cached') };
}

function difference(after: Tokens, before: Tokens): Tokens {
  return {
    prompt: after.prompt - before.prompt,
    completion: after.completion - before.completion,
    cached: after.cached - before.cached,
  };
}

const tokensOf = (usage: Usage | undefined): Tokens => ({
  prompt: usage?.prompt_tokens ?? NaN,
  completion: usage?.completion_tokens ?? NaN,
  cached: usage?.prompt_tokens_details.cached_tokens ?? NaN,
});

const total = (all: readonly Tokens[]): Tokens => ({
  prompt: all.reduce((sum, { prompt }) => sum + prompt, 0),
  completion: all.reduce((sum, { completion }) => sum + completion, 0),
  cached: all.reduce((sum, { cached }) => sum + cached, 0),
});

describe('tokens', () => {
  it('are equal in metrics, responses and ledger', async () => {
    const before = await tokenCounters();
    const requestIds: string[] = [];
    const reported: Tokens[] = [];
    for (let i = 0; i < 12; i += 1) {
      const body = scripted({ tokens: i, promptTokens: 10 + i, cachedTokens: i % 5 }, i % 3 === 0 ? { n: 2 } : {});
      if (i % 2 === 0) {
        const { requestId, body: completion } = await test.api.chat(body);
        requestIds.push(requestId);
        reported.push(tokensOf(completion.usage));
      } else {
        const stream = await test.api.stream({ ...body, stream_options: { include_usage: true } });
        expect(await stream.ended).toBe('done');
        requestIds.push(stream.requestId);
        reported.push(tokensOf(stream.usage));
      }
    }
    // The clients of these requests receive no usage; the ledger does.
    const failing = await test.api.stream(scripted({ tokens: 9, failAfter: 4, promptTokens: 5 }));
    expect(await failing.ended).toBe('error');
    const leaving = await test.api.stream(scripted({ tokens: 8_000, delayMs: 20, promptTokens: 12 }));
    await leaving.textChunks(3);
    leaving.abort();
    await leaving.ended;
    const unreported = [failing.requestId, leaving.requestId];

    const rows = await new Ledger(test.description.databaseUrl).settled([...requestIds, ...unreported]);
    const recorded = rows.map((row) => ({
      prompt: row.prompt_tokens,
      completion: row.completion_tokens,
      cached: row.cached_tokens,
    }));
    expect(total(recorded.slice(0, requestIds.length))).toEqual(total(reported));
    expect(difference(await tokenCounters(), before)).toEqual(total(recorded));
    // All requests since the start: each has a row by now.
    const auth = await metricsOf('auth');
    const gateway = await metricsOf('gateway');
    expect(auth.sum('xerotier_auth_usage_rows_total', { outcome: 'recorded' })).toBe(
      gateway.sum('xerotier_inference_requests_total'),
    );
  });

  it('equal those of the workers, under the names of vLLM', async () => {
    const workers = await Promise.all(
      test.platform.services.filter(({ spec }) => spec.app === 'xim').map((service) => Metrics.of(service)),
    );
    const sum = (name: string): number => workers.reduce((all, metrics) => all + metrics.sum(name), 0);
    const { completion } = await tokenCounters();
    expect(sum('vllm:generation_tokens_total')).toBe(completion);
    expect(sum('vllm:request_success_total')).toBeGreaterThan(0);
    expect(workers.flatMap((metrics) => metrics.labelValues('vllm:request_success_total', 'finished_reason'))).toEqual(
      expect.arrayContaining(['stop', 'abort', 'error']),
    );
    expect(workers.flatMap((metrics) => metrics.labelValues('vllm:num_requests_running', 'model_name'))).toEqual([
      'scripted',
      'scripted',
    ]);
  });
});

describe('metrics of the gateway', () => {
  it('include the route, the status and the time to first token', async () => {
    const labels = { method: 'POST', route: '/:project/:endpoint/v1/chat/completions', status: '200' };
    const before = await metricsOf('gateway');
    await test.api.chat(scripted({ tokens: 2 }));
    await eventually('the request is counted', async () => {
      const now = await metricsOf('gateway');
      const name = 'http_server_request_duration_seconds_count';
      return now.sum(name, labels) === before.sum(name, labels) + 1;
    });
    const after = await metricsOf('gateway');
    const ttft = 'xerotier_inference_time_to_first_token_seconds_count';
    expect(after.sum(ttft, { model: 'scripted', tier: 'self_hosted' })).toBe(before.sum(ttft) + 1);
    expect(after.sum('xerotier_bus_client_duration_seconds_count', { operation: 'xim.generate', code: 'ok' })).toBe(
      before.sum('xerotier_bus_client_duration_seconds_count', { operation: 'xim.generate', code: 'ok' }) + 1,
    );
    expect(after.sum('xerotier_bus_client_in_flight')).toBe(0);
    expect(after.sum('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  it('count requests in progress', async () => {
    const stream = await test.api.stream(scripted({ tokens: 5_000, delayMs: 20 }));
    await stream.textChunks(1);
    const during = await metricsOf('gateway');
    expect(during.sum('http_server_active_requests')).toBe(1);
    expect(during.sum('xerotier_bus_client_in_flight', { operation: 'xim.generate' })).toBe(1);
    stream.abort();
    await eventually('all is over', async () => (await metricsOf('gateway')).sum('http_server_active_requests') === 0);
  });

  it('count retries by reason', async () => {
    await test.api.post(scripted({ failAfter: 0 }));
    const { labelValues } = await metricsOf('gateway').then((metrics) => ({
      labelValues: metrics.labelValues('xerotier_inference_retries_total', 'reason'),
    }));
    expect(labelValues).toEqual(['inference.engine_failed']);
  });
});

describe('metrics of the router', () => {
  it('include workers, slots and placements', async () => {
    const metrics = await metricsOf('router');
    expect(metrics.sum('xerotier_router_workers', { model: 'scripted', state: 'available' })).toBe(2);
    expect(metrics.sum('xerotier_router_slots', { model: 'scripted', state: 'free' })).toBe(16);
    expect(metrics.sum('xerotier_router_placements_total', { model: 'scripted', outcome: 'granted' })).toBeGreaterThan(
      0,
    );
    expect(metrics.sum('xerotier_router_queue_wait_seconds_count', { priority: 'interactive' })).toBeGreaterThan(0);
    expect(metrics.sum('xerotier_database_pool_connections', { schema: 'router' })).toBeGreaterThan(0);
  });

  it('count requests for a model without workers', async () => {
    await new ApiClient({ ...test.description, endpointSlug: 'idle' }).rejected(scripted({}));
    const metrics = await metricsOf('router');
    expect(metrics.sum('xerotier_router_placements_total', { model: 'idle', outcome: 'router.no_worker' })).toBe(1);
  });
});

describe('series', () => {
  /** Calls of many projects, with paths, models and keys that exist nowhere, others in each round. */
  async function strangeTraffic(round: number): Promise<void> {
    const { baseUrl } = test.description;
    for (let i = round * 100; i < round * 100 + 40; i += 1) {
      await fetch(`${baseUrl}/${CANARY}-${i}/x`, { method: i % 2 === 0 ? 'GET' : 'PROPFIND' });
      await test.api.post(scripted({}, { model: `${CANARY}-${i}` }));
      await test.api.rejected(scripted({}), { key: `xero_${CANARY}-${i}` });
      await test.api.with({ projectId: `proj_${CANARY.slice(-4)}${i}` }).rejected(scripted({}));
      await test.api.with({ endpointSlug: `${CANARY}-${i}` }).rejected(scripted({}));
    }
  }

  it('are bounded for any number of projects, keys and models', async () => {
    const services = ['gateway', 'auth', 'router', 'responses', 'xim'];
    // A kind of garbage collection has series once it has happened.
    const seriesOf = async (): Promise<number[]> =>
      Promise.all(
        services.map(async (service) => {
          const { samples } = await metricsOf(service);
          return samples.filter(({ name }) => !name.startsWith('nodejs_gc_')).length;
        }),
      );
    await strangeTraffic(1);
    const first = await test.api.chat(scripted({ tokens: 1 }));
    expect(first.status).toBe(200);
    const before = await seriesOf();
    await strangeTraffic(2);
    for (let i = 0; i < TENANTS; i += 1) {
      const tenant = await addTenant(test.platform, 'scripted');
      await test.api.with(tenant).chat(scripted({ tokens: 1 }));
    }
    const after = await seriesOf();
    expect(after).toEqual(before);
    expect(Math.max(...after)).toBeLessThan(SERIES_MAX);
    process.stdout.write(`series of ${services.join(', ')}: ${after.join(', ')}\n`);
  });

  it('contain no project, key, request or text', async () => {
    const texts = await Promise.all(test.platform.services.map(async (service) => (await Metrics.of(service)).text));
    const { projectId, apiKey } = test.description;
    for (const secret of [CANARY, projectId, apiKey, 'req_', 'tok0'])
      for (const text of texts) expect(text).not.toContain(secret);
  });
});
