/** Cancels a running completion by id, over another connection and through another gateway, for its own project only. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { scripted } from './support/api-client.ts';
import type { ApiClient, ErrorBody } from './support/api-client.ts';
import { Ledger } from './support/ledger.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const test = testPlatform(() => {
  const plan = scriptedPlatform();
  const other = { slug: 'other', modelId: 'scripted', tier: 'self_hosted' };
  return { ...plan, gateways: 2, endpoints: [...plan.endpoints, other] };
});

const LONG = scripted({ tokens: 5_000, delayMs: 20 }, { model: 'scripted' });

/** The second gateway. */
function secondGateway(): ApiClient {
  return test.api.with({ baseUrl: `http://127.0.0.1:${test.platform.service('gateway-2').facts['port']}` });
}

async function cancel(api: ApiClient, id: string, base = api.endpointUrl): Promise<[number, unknown]> {
  const response = await fetch(`${base}/chat/completions/${id}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.target.apiKey}` },
  });
  return [response.status, await response.json()];
}

describe('POST /chat/completions/{id}', () => {
  it.each([
    ['the same gateway', () => test.api],
    ['another gateway', secondGateway],
  ])('ends the stream through %s, and records the generated tokens in the ledger', async (_, through) => {
    const stream = await test.api.stream(LONG);
    await stream.textChunks(3);
    const id = stream.chunks[0]?.id as string;
    expect(await cancel(through(), id)).toEqual([200, { id, object: 'chat.completion.cancelled', cancelled: true }]);
    expect(await stream.ended).toBe('error');
    expect(stream.error).toMatchObject({ type: 'stream_error', code: 'cancelled' });
    const [row] = await new Ledger(test.description.databaseUrl).settled([stream.requestId]);
    expect(row).toMatchObject({ outcome: 'cancelled' });
    expect(row?.completion_tokens).toBeGreaterThanOrEqual(3);
    expect((await cancel(through(), id))[0]).toBe(404);
  });

  it('ends the stream by the base URL of the project', async () => {
    const stream = await test.api.stream(LONG);
    await stream.textChunks(1);
    const id = stream.chunks[0]?.id as string;
    expect((await cancel(secondGateway(), id, secondGateway().projectUrl))[0]).toBe(200);
    expect(await stream.ended).toBe('error');
  });

  it('returns 404 for a completion of another project or endpoint, and does not affect it', async () => {
    const tenant = await addTenant(test.platform, 'scripted');
    const stream = await test.api.stream(LONG);
    await stream.textChunks(1);
    const id = stream.chunks[0]?.id as string;
    const rejections = await Promise.all([
      cancel(test.api.with(tenant), id),
      cancel(secondGateway().with(tenant), id),
      cancel(test.api.with({ endpointSlug: 'other' }), id),
    ]);
    for (const [status, body] of rejections) {
      expect([status, (body as ErrorBody).error]).toEqual([
        404,
        {
          message: `Completion '${id}' was not found.`,
          type: 'not_found_error',
          param: null,
          code: 'completion_not_found',
        },
      ]);
    }
    const before = stream.chunks.length;
    await eventually('the stream continues', () => stream.chunks.length > before);
    stream.abort();
  });

  it.each(['chatcmpl-00000000000000000000000000000000', 'chatcmpl-x', 'anything'])(
    'returns 404 for %s, which is not running',
    async (id) => {
      expect((await cancel(test.api, id))[0]).toBe(404);
    },
  );
});
