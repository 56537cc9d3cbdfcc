/** What a project used and what it cost, through the public API. */
import { scriptedPlatform } from '@xerotier/dev';
import {
  createBudget,
  deleteBudget,
  getBudget,
  listBudgetAlerts,
  listBudgets,
  updateBudget,
} from '@xerotier/public-api/budgets';
import { createClient } from '@xerotier/public-api/client';
import type { Client } from '@xerotier/public-api/client';
import { createEndpoint } from '@xerotier/public-api/endpoints';
import {
  getUsageTotals,
  listUsageByDay,
  listUsageByEndpoint,
  listUsageByEndUser,
  listUsageByKey,
  listUsageByModel,
  listUsageEvents,
} from '@xerotier/public-api/usage';
import { eventually } from '@xerotier/testing';
import { randomUUID } from 'node:crypto';
import { scripted } from './support/api-client.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const test = testPlatform(() => scriptedPlatform({ slots: 8 }));

/** @param apiKey default: the key of the project with the scope inference. */
function client(apiKey = test.description.apiKey): Client {
  return createClient({ baseUrl: test.description.projectUrl, apiKey });
}

/** An endpoint of a tier that costs 1.25 micro-units per token. */
async function pricedEndpoint(): Promise<string> {
  const slug = `priced-${randomUUID().slice(0, 8)}`;
  await client(test.description.managementKey).call(createEndpoint, {
    body: { slug, model: test.platform.modelId('scripted'), tier: 'gpu_nvidia_shared' },
  });
  return slug;
}

/** Sends a request with 100 input tokens, 40 of them cached, and 20 output tokens. Returns its id. */
async function chat(endpointSlug: string, body: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const request = scripted({ tokens: 20, promptTokens: 100, cachedTokens: 40 }, { max_tokens: 100, ...body });
  const { requestId, status } = await test.api.with({ endpointSlug }).post(request);
  expect(status).toBe(200);
  return requestId;
}

async function recorded(endpoint: string, requests: number): Promise<void> {
  await eventually('the usage is recorded', async () => {
    const totals = await client().call(getUsageTotals, { query: { endpoint } });
    return totals.requests === requests;
  });
}

const SUMS = {
  ...{ requests: 2, failed_requests: 0, cancelled_requests: 0, input_tokens: 200, cached_tokens: 80 },
  ...{ output_tokens: 40, reasoning_tokens: 0, cost_micros: 300, unpriced_requests: 0 },
};

/** Fetches a file of the project. */
function fetchExport(query: string, apiKey = test.description.managementKey): Promise<Response> {
  const url = `${test.description.projectUrl}/exports/usage.csv?${query}`;
  return fetch(url, { headers: { authorization: `Bearer ${apiKey}` } });
}

describe('the usage API', () => {
  it('has exactly the tokens and the cost of requests', async () => {
    const endpoint = await pricedEndpoint();
    const requestIds = [await chat(endpoint, { user: endpoint }), await chat(endpoint)];
    await recorded(endpoint, 2);

    const query = { endpoint };
    expect(await client().call(getUsageTotals, { query })).toMatchObject({ object: 'usage.totals', ...SUMS });
    const { data: days } = await client().call(listUsageByDay, { query });
    expect(days).toMatchObject([{ id: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), ...SUMS }]);
    const { data: endpoints } = await client().call(listUsageByEndpoint, { query });
    expect(endpoints).toMatchObject([{ name: endpoint, ...SUMS }]);
    const { data: models } = await client().call(listUsageByModel, { query });
    expect(models).toMatchObject([{ id: test.platform.modelId('scripted'), name: test.description.model, ...SUMS }]);
    const { data: keys } = await client().call(listUsageByKey, { query });
    expect(keys).toMatchObject([SUMS]);
    const [key] = keys;
    expect(await client().call(getUsageTotals, { query: { ...query, key: key!.id } })).toMatchObject(SUMS);
    const { data: users } = await client().call(listUsageByEndUser, { query: { limit: '100' } });
    expect(users).toContainEqual(expect.objectContaining({ id: endpoint, requests: 1, cost_micros: 150 }));

    const { data: events } = await client().call(listUsageEvents, { query: { ...query, order: 'asc' } });
    expect(events.map(({ id }) => id)).toEqual(requestIds);
    expect(events[0]).toMatchObject({
      ...{ kind: 'chat.completion', endpoint, model: test.description.model, tier: 'gpu_nvidia_shared' },
      ...{ outcome: 'completed', streamed: false, end_user: endpoint, cost_micros: 150, price_version: 1 },
      ...{ input_tokens: 100, cached_tokens: 40, output_tokens: 20 },
    });
  });

  it('has pages of requests', async () => {
    const endpoint = await pricedEndpoint();
    const requestIds = [await chat(endpoint), await chat(endpoint), await chat(endpoint)];
    await recorded(endpoint, 3);
    const found: string[] = [];
    for (let after: string | undefined; ;) {
      const query = { endpoint, order: 'asc', limit: '2', ...(after !== undefined && { after }) } as const;
      const page = await client().call(listUsageEvents, { query });
      found.push(...page.data.map(({ id }) => id));
      after = page.last_id;
      if (!page.has_more) break;
    }
    expect(found).toEqual(requestIds);
  });

  it('is part of no response to another tenant', async () => {
    const endpoint = await pricedEndpoint();
    await chat(endpoint, { user: endpoint });
    await recorded(endpoint, 1);
    const { projectId, apiKey } = await addTenant(test.platform, 'scripted');
    const theirs = createClient({ baseUrl: `${test.description.baseUrl}/${projectId}/v1`, apiKey });
    expect(await theirs.call(getUsageTotals, { query: {} })).toMatchObject({ requests: 0, cost_micros: 0 });
    for (const list of [listUsageByDay, listUsageByKey, listUsageByModel, listUsageByEndUser, listUsageEvents])
      expect(await theirs.call(list, { query: {} })).toMatchObject({ data: [], has_more: false });
    await expect(theirs.call(getUsageTotals, { query: { endpoint } })).rejects.toMatchObject({
      code: 'endpoint_not_found',
    });
    await expect(client(apiKey).call(getUsageTotals, { query: {} })).rejects.toMatchObject({
      code: 'project_not_found',
    });
  });

  it.each([
    ['totals?start=2026-11-31', 'start'],
    ['totals?start=1764460800', 'start'],
    ['totals?start=2026-11-02&end=2026-11-02', 'end'],
    ['totals?start=2024-11-02&end=2026-11-02', 'end'],
    ['totals?from=2026-11-02', 'from'],
    ['daily?after=yesterday', 'after'],
    ['by-endpoint?after=chat', 'after'],
    ['by-end-user?endpoint=chat', 'endpoint'],
    ['events?after=req_none', 'after'],
    ['events?limit=101', 'limit'],
  ])('rejects %s', async (path, param) => {
    const response = await fetch(`${test.description.projectUrl}/usage/${path}`, {
      headers: { authorization: `Bearer ${test.description.apiKey}` },
    });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { message: expect.stringContaining(param) } },
    ]);
  });
});

describe('the CSV export', () => {
  it('has a line for each request', async () => {
    const endpoint = await pricedEndpoint();
    const requestId = await chat(endpoint, { user: '=HYPERLINK("http://example.com")' });
    await recorded(endpoint, 1);
    const response = await fetchExport(`endpoint=${endpoint}`);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="usage-\d{4}-\d\d-01-\d{4}-\d\d-\d\d\.csv"$/,
    );
    const [header, line, ...rest] = (await response.text()).split('\r\n');
    expect(header).toMatch(/^id,started_at,kind,endpoint,/);
    expect(line).toMatch(new RegExp(`^${requestId},\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z,chat.completion,${endpoint},`));
    expect(line).toContain(`,"'=HYPERLINK(""http://example.com"")",completed,false,100,40,20,0,0,0,150,1,`);
    expect(rest).toEqual(['']);
  });

  it('needs the scope management', async () => {
    const response = await fetchExport('', test.description.apiKey);
    expect([response.status, await response.json()]).toMatchObject([403, { error: { code: 'scope_insufficient' } }]);
  });

  it('has errors of the filter as JSON', async () => {
    const response = await fetchExport('endpoint=none');
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'endpoint_not_found' } }]);
  });
});

describe('a budget', () => {
  it('of a millionth of a dollar is reached once, by the first request', async () => {
    const { projectId, apiKey, endpointSlug } = await addTenant(test.platform, 'scripted', {
      tier: 'gpu_nvidia_shared',
      scopes: ['inference', 'management'],
    });
    const theirs = createClient({ baseUrl: `${test.description.baseUrl}/${projectId}/v1`, apiKey });
    const { id } = await theirs.call(createBudget, { body: { name: 'None', amount_micros: 1, thresholds: [100] } });
    const api = test.api.with({ projectId, apiKey, endpointSlug });
    const alerts = async (): Promise<unknown[]> =>
      (await theirs.call(listBudgetAlerts, { params: { budget: id }, query: {} })).data;
    for (const requests of [1, 2]) {
      await api.post(scripted({ tokens: 20, promptTokens: 100, cachedTokens: 40 }, { max_tokens: 100 }));
      await eventually('the usage is recorded', async () => {
        const totals = await theirs.call(getUsageTotals, { query: {} });
        return totals.requests === requests;
      });
      expect(await alerts()).toMatchObject([{ threshold: 100, amount_micros: 1, spent_micros: 150 }]);
    }
    const params = { budget: id };
    expect(await theirs.call(getBudget, { params })).toMatchObject({ period: 'month', spent_micros: 300 });
    expect(await theirs.call(updateBudget, { params, body: { period: 'day' } })).toMatchObject({ period: 'day' });
    expect(await theirs.call(listBudgets, { query: {} })).toMatchObject({ data: [{ id, amount_micros: 1 }] });
    const management = client(test.description.managementKey);
    await expect(management.call(getBudget, { params })).rejects.toMatchObject({ code: 'budget_not_found' });
    expect(await theirs.call(deleteBudget, { params })).toMatchObject({ id, deleted: true });
    await expect(theirs.call(getBudget, { params })).rejects.toMatchObject({ code: 'budget_not_found' });
  });
});
