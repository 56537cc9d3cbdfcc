/**
 * Thousands of chat requests with something wrong in them. Whatever is sent, the answer is a valid one or an error that is
 * the client's, it comes in time, and the platform goes on.
 *
 * `E2E_FUZZ_SEED` (a whole number) draws other requests, `E2E_FUZZ_REQUESTS` more or fewer of them. The seed is printed, and
 * the same one draws the same requests again. `npm run test:chaos` draws many more, and others each time.
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
/** Drawn at once, so that not all of them are in memory. */
const BATCH = 500;
/** Of one request, under whatever load: one that meets it hangs. */
const RESPONSE_TIMEOUT_MS = 30_000;
const FAULTS_MAX = 10;
const MESSAGE_LENGTH_MAX = 1_000;

const upstream = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  const [script, behind] = [scriptedPlatform({ slots: 256 }), upstream.plan({ slots: 64 })];
  return {
    // Its own, which must not end.
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

/** @throws {Error} with what is wrong about an answer, whatever it answers. */
function check({ status, headers, text }: Outcome): void {
  if (!/^req_/.test(String(headers['x-request-id']))) throw new Error('It has no request id.');
  if (status === 200) checkGood(String(headers['content-type']), text);
  else if (status >= 400 && status < 500) checkError(text);
  else throw new Error(`Its status is ${status}.`);
}

function checkGood(type: string, text: string): void {
  if (!type.startsWith('text/event-stream')) {
    test.schema.expectValid('CreateChatCompletionResponse', JSON.parse(text) as unknown);
    return;
  }
  const events = text.split('\n\n');
  if (events.pop() !== '' || events.pop() !== 'data: [DONE]') throw new Error('The stream does not end in [DONE].');
  for (const event of events) {
    if (event.startsWith(': ')) continue;
    test.schema.expectValid('CreateChatCompletionStreamResponse', JSON.parse(event.slice('data: '.length)) as unknown);
  }
}

function checkError(text: string): void {
  const { error } = test.schema.expectValid('ErrorResponse', JSON.parse(text) as { error: { message: string } });
  const names = Object.keys(error).sort().join(' ');
  if (names !== 'code message param type') throw new Error(`Its error has the keys ${names}.`);
  if (text.length > MESSAGE_LENGTH_MAX) throw new Error(`It is ${text.length} characters long.`);
}

function* draw(): Generator<FuzzRequest> {
  for (let from = 0; from < REQUESTS; from += BATCH) {
    const numRuns = Math.min(BATCH, REQUESTS - from);
    for (const { make } of fc.sample(fuzzRequest, { seed: SEED + from, numRuns })) yield make();
  }
}

it('answers each of them in time, with a good answer or an error that is the client’s', async () => {
  process.stdout.write(`fuzzing with E2E_FUZZ_SEED=${SEED}\n`);
  const statuses = new Map<number, number>();
  const faults: string[] = [];
  const requests = draw();
  const connection = async (): Promise<void> => {
    for (const request of requests) {
      const outcome = await send(request).catch((error: Error) => error);
      try {
        if (outcome instanceof Error) throw outcome;
        statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
        check(outcome);
      } catch (error) {
        const shown = outcome instanceof Error ? '' : outcome.text.slice(0, 500);
        const sent = JSON.stringify(request.body.toString('latin1', 0, 600));
        faults.push(`${request.endpointSlug} ${request.title}\n  ${String(error)}\n  sent: ${sent}\n  got: ${shown}`);
      }
      if (faults.length >= FAULTS_MAX) return;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  process.stdout.write(`answered with ${JSON.stringify(Object.fromEntries(statuses))}\n`);
  expect(faults).toEqual([]);
  // Otherwise nothing of them got far enough to break anything.
  expect(statuses.get(200)).toBeGreaterThan(REQUESTS / 20);
  expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 20);
}, 3_600_000);

it('goes on afterwards: no process has ended, no slot is taken, and plain requests are served', async () => {
  expect(test.platform.services.filter(({ pid }) => pid === null).map(({ spec }) => spec.name)).toEqual([]);
  await test.fleet.allIdle();
  for (const endpointSlug of ['chat', 'upstream']) {
    const outcome = await test.api.with({ endpointSlug }).chat(scripted({ tokens: 1 }));
    expect(outcome.body.choices).toHaveLength(1);
  }
});
