/** What a new user does, over HTTP: register, create a project, browse models and tiers, create an endpoint and a key, chat. */
import { scriptedPlatform } from '@xerotier/dev';
import { randomBytes } from 'node:crypto';
import OpenAI from 'openai';
import { SiteVisitor } from './support/site-visitor.ts';
import { testPlatform } from './support/test-platform.ts';

const test = testPlatform(() => scriptedPlatform({ slots: 2 }));

async function json<T>(response: Promise<Response>): Promise<T> {
  const received = await response;
  const body: unknown = await received.json();
  expect({ status: received.status, body }).toMatchObject({ status: 200 });
  return body as T;
}

it('leads from the registration to the first request with an SDK', async () => {
  const user = new SiteVisitor(test.description.baseUrl);
  const email = `ada-${randomBytes(6).toString('hex')}@example.com`;
  await json(user.send('POST', '/api/v1/accounts', { email, password: randomBytes(9).toString('hex'), name: 'Ada' }));
  const project = await json<{ id: string }>(
    user.send('POST', '/api/v1/projects', { name: 'My project', slug: 'myproject' }),
  );
  const management = `/${project.id}/v1/management`;

  const models = await json<{ data: { id: string }[] }>(user.send('GET', `${management}/models?limit=100`));
  const model = test.platform.modelId('scripted');
  expect(models.data).toContainEqual(expect.objectContaining({ id: model, object: 'model' }));
  const tiers = await json<{ data: { id: string }[] }>(user.send('GET', `${management}/tiers`));
  expect(tiers.data).toContainEqual(expect.objectContaining({ id: 'free', endpoints_max: 2 }));

  const endpoint = await json<{ url: string }>(
    user.send('POST', `${management}/endpoints`, { slug: 'my-endpoint', model, tier: 'free' }),
  );
  expect(endpoint).toMatchObject({ url: `/${project.id}/my-endpoint/v1`, status: 'active' });
  const { key } = await json<{ key: string }>(
    user.send('POST', `${management}/api-keys`, { name: 'first', endpoint: 'my-endpoint' }),
  );
  expect(key).toMatch(/^xero_myproject_/);

  const client = new OpenAI({ baseURL: `${test.description.baseUrl}${endpoint.url}`, apiKey: key, maxRetries: 0 });
  const completion = await client.chat.completions.create({
    model: test.description.model,
    messages: [{ role: 'user', content: 'Hello' }],
    max_completion_tokens: 4,
  });
  expect(completion.usage?.completion_tokens).toBeGreaterThan(0);
});
