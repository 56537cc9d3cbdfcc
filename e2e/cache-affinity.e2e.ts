/** `prompt_cache_key`: requests with the same key go to the worker that may have their prompt in its cache. */
import { scriptedPlatform } from '@xerotier/dev';
import { testPlatform } from './support/test-platform.ts';

const test = testPlatform(() => scriptedPlatform({ workers: 3, slots: 2 }));

type Fields = Readonly<Record<string, unknown>>;

/** @returns the worker that served it. */
async function workerOf(path: string, fields: Fields, { projectUrl, apiKey } = test.description): Promise<string> {
  const response = await fetch(`${projectUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: test.description.endpointSlug, ...fields }),
  });
  await response.text();
  expect(response.status).toBe(200);
  return response.headers.get('x-xerotier-worker-id') as string;
}

const chat = (content: string, fields: Fields): Promise<string> =>
  workerOf('/chat/completions', { messages: [{ role: 'user', content }], ...fields });
const SLOW = '[[script {"tokens":10,"delayMs":100}]]';
const keys = Array.from({ length: 12 }, (_, at) => `session ${at}`);

describe('prompt_cache_key', () => {
  it('places all requests with one key on one worker, and keys on all workers', async () => {
    const workers = new Set<string>();
    for (const key of keys) {
      const [first, ...others] = [
        await chat('Hello', { prompt_cache_key: key }),
        await chat('Bye', { prompt_cache_key: key, stream: true }),
        await workerOf('/responses', { input: 'Hello', prompt_cache_key: key }),
        await workerOf('/responses', { input: 'Hello', prompt_cache_key: key, stream: true, store: false }),
      ];
      expect(others).toEqual([first, first, first]);
      workers.add(first);
    }
    expect(workers.size).toBe(3);
  });

  it('waits for no worker: while it is busy, another one serves', async () => {
    const key = { prompt_cache_key: 'busy' };
    const workers = await Promise.all(['', '', '', ''].map(() => chat(SLOW, key)));
    // Both slots of the first, and of the second.
    const served = [...new Set(workers)].map((worker) => workers.filter((each) => each === worker).length);
    expect(served).toEqual([2, 2]);
  });

  it('is what makes requests stay: without one they go to the idle workers', async () => {
    const workers = await Promise.all(['', '', ''].map(() => chat(SLOW, {})));
    expect(new Set(workers).size).toBe(3);
  });
});
