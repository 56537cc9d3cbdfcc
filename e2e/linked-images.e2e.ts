/** Images that are linked in chat requests: the platform fetches them, and engines get their content. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

const PIXEL = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAA=', 'base64');
const fetched: string[] = [];
const upstream = new ScriptedUpstream();
const images = createServer(({ url = '' }, response) => {
  fetched.push(url);
  if (url === '/pixel.gif') response.writeHead(200, { 'content-type': 'image/gif' }).end(PIXEL);
  else if (url === '/page') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
  else if (url === '/inside') response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
  else response.writeHead(404).end();
});

const port = (): number => (images.address() as AddressInfo).port;

const test = testPlatform(async () => {
  await upstream.start();
  images.listen(0, '127.0.0.1');
  await once(images, 'listening');
  return { ...upstream.plan(), env: { EGRESS_ALLOWED_NETWORKS: '127.0.0.0/8', EGRESS_PORTS: `80,${port()}` } };
});
afterAll(async () => {
  await upstream.stop();
  images.closeAllConnections();
  images.close();
});
beforeEach(() => {
  upstream.takeRequests();
  fetched.length = 0;
});

const client = (): OpenAI =>
  new OpenAI({ baseURL: test.api.endpointUrl, apiKey: test.description.apiKey, maxRetries: 0 });

function complete(url: string, stream = false): Promise<unknown> {
  const content = [
    { type: 'text' as const, text: 'What is it?' },
    { type: 'image_url' as const, image_url: { url } },
  ];
  const params = { model: 'chat', messages: [{ role: 'user' as const, content }] };
  return stream
    ? client()
        .chat.completions.stream({ ...params, stream: true })
        .finalChatCompletion()
    : client().chat.completions.create(params);
}

it.each([false, true])('are in the request of the engine (streamed: %j)', async (stream) => {
  await complete(`http://127.0.0.1:${port()}/pixel.gif`, stream);
  const [request] = upstream.takeRequests();
  expect(request?.text).toContain(`data:image/gif;base64,${PIXEL.toString('base64')}`);
  expect(request?.text).not.toContain('/pixel.gif');
  expect(fetched).toEqual(['/pixel.gif']);
});

it.each([
  ['with another status', () => `http://127.0.0.1:${port()}/nothing`],
  ['that is not an image', () => `http://127.0.0.1:${port()}/page`],
  ['that redirects to an internal address', () => `http://127.0.0.1:${port()}/inside`],
  ['at an internal address', () => 'http://169.254.169.254/latest/meta-data'],
  ['in a file', () => 'file:///etc/passwd'],
  ['without a URL', () => ''],
])('%s are a 400 that names the field, and reach no engine', async (_, url) => {
  await expect(complete(url())).rejects.toMatchObject({
    ...{ status: 400, code: 'invalid_request', param: 'messages[0].content[1].image_url.url' },
  });
  expect(upstream.takeRequests()).toEqual([]);
});
