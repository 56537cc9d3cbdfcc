/**
 * Thousands of malformed chat requests. Each gets a valid response or a client error within the timeout, and the platform
 * keeps running.
 *
 * `E2E_FUZZ_SEED` (an integer) and `E2E_FUZZ_REQUESTS` set the seed and the number of the generated requests. The seed is
 * printed, and generates the same requests again. `npm run test:chaos` generates many more, with a new seed each time.
 */
import { scriptedPlatform } from '@xerotier/dev';
import fc from 'fast-check';
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { scripted } from './support/api-client.ts';
import { isChaos } from './support/chaos.ts';
import { fuzzRequest } from './support/fuzz-requests.ts';
import type { FuzzRequest } from './support/fuzz-requests.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

const SEED = Number(process.env['E2E_FUZZ_SEED'] ?? (isChaos ? Date.now() % 1_000_000 : 1_864));
const REQUESTS = Number(process.env['E2E_FUZZ_REQUESTS'] ?? (isChaos ? 30_000 : 2_000));
const CONNECTIONS = 16;
/** Requests are generated in batches, so that not all of them are in memory. */
const BATCH = 500;
/** For one request under any load; a request that exceeds it hangs. */
const RESPONSE_TIMEOUT_MS = 30_000;
const FAULTS_MAX = 10;
const MESSAGE_LENGTH_MAX = 1_000;

const upstream = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  const [script, behind] = [scriptedPlatform({ slots: 256 }), upstream.plan({ slots: 64 })];
  return {
    // A gateway of its own, which must not exit.
    gateways: 1,
    models: [...script.models, ...behind.models],
    endpoints: [...script.endpoints, ...behind.endpoints.map((endpoint) => ({ ...endpoint, slug: 'upstream' }))],
    workers: [...script.workers, ...behind.workers],
  };
});
afterAll(() => upstream.stop());

interface Outcome {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
afterAll(() => agent.destroy());

function send({ endpointSlug, headers, body }: FuzzRequest): Promise<Outcome> {
  const { baseUrl, projectId, apiKey } = test.description;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${baseUrl}/${projectId}/${endpointSlug}/v1/chat/completions`,
      {
        agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(headers['transfer-encoding'] === undefined && { 'content-length': body.length }),
          ...headers,
        },
        signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS),
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    request.once('error', reject);
    request.end(body);
  });
}

/** @throws {Error} when the response is invalid, with the reason. */
function checkResponse({ status, headers, text }: Outcome): void {
  if (!/^req_/.test(String(headers['x-request-id']))) throw new Error('the response has no request id');
  if (status === 200) checkCompletion(String(headers['content-type']), text);
  else if (status >= 400 && status < 500) checkError(text);
  else throw new Error(`unexpected status ${status}`);
}

function checkCompletion(type: string, text: string): void {
  if (!type.startsWith('text/event-stream')) {
    test.schema.expectValid('CreateChatCompletionResponse', JSON.parse(text) as unknown);
    return;
  }
  const events = text.split('\n\n');
  if (events.pop() !== '' || events.pop() !== 'data: [DONE]') throw new Error('the stream does not end with [DONE]');
  for (const event of events) {
    if (event.startsWith(': ')) continue;
    test.schema.expectValid('CreateChatCompletionStreamResponse', JSON.parse(event.slice('data: '.length)) as unknown);
  }
}

function checkError(text: string): void {
  const { error } = test.schema.expectValid('ErrorResponse', JSON.parse(text) as { error: { message: string } });
  const names = Object.keys(error).sort().join(' ');
  if (names !== 'code message param type') throw new Error(`the error has the keys ${names}`);
  if (text.length > MESSAGE_LENGTH_MAX) throw new Error(`the error has ${text.length} characters`);
}

function* generateRequests(): Generator<FuzzRequest> {
  for (let from = 0; from < REQUESTS; from += BATCH) {
    const numRuns = Math.min(BATCH, REQUESTS - from);
    for (const { make } of fc.sample(fuzzRequest, { seed: SEED + from, numRuns })) yield make();
  }
}

it('returns a valid completion or a client error for each malformed request', async () => {
  process.stdout.write(`fuzzing with E2E_FUZZ_SEED=${SEED}\n`);
  const statuses = new Map<number, number>();
  const faults: string[] = [];
  const requests = generateRequests();
  const connection = async (): Promise<void> => {
    for (const request of requests) {
      const outcome = await send(request).catch((error: Error) => error);
      try {
        if (outcome instanceof Error) throw outcome;
        statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
        checkResponse(outcome);
      } catch (error) {
        const shown = outcome instanceof Error ? '' : outcome.text.slice(0, 500);
        const sent = JSON.stringify(request.body.toString('latin1', 0, 600));
        faults.push(`${request.endpointSlug} ${request.title}\n  ${String(error)}\n  sent: ${sent}\n  got: ${shown}`);
      }
      if (faults.length >= FAULTS_MAX) return;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  process.stdout.write(`response statuses: ${JSON.stringify(Object.fromEntries(statuses))}\n`);
  expect(faults).toEqual([]);
  // Otherwise the requests did not get far enough to break anything.
  expect(statuses.get(200)).toBeGreaterThan(REQUESTS / 20);
  expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 20);
}, 3_600_000);

it('keeps running: no process has exited, all slots are free, and valid requests are served', async () => {
  expect(test.platform.services.filter(({ pid }) => pid === null).map(({ spec }) => spec.name)).toEqual([]);
  await test.fleet.allIdle();
  for (const endpointSlug of ['chat', 'upstream']) {
    const outcome = await test.api.with({ endpointSlug }).chat(scripted({ tokens: 1 }));
    expect(outcome.body.choices).toHaveLength(1);
  }
});
