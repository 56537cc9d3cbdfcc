/** The output of batches while they run. */
import type { OutputLine } from '@xerotier/chaos';
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import OpenAI from 'openai';
import { BatchClient, chatLine } from './support/batch-client.ts';
import { SecondKey } from './support/second-key.ts';
import { errorOf } from './support/site-visitor.ts';
import { addTenant } from './support/tenant.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => scriptedPlatform({ slots: 4 }));

const client = (): BatchClient =>
  new BatchClient(new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey, maxRetries: 0 }));

/** A batch of lines that take a while; the last one fails. */
async function begin(batches: BatchClient, count: number): Promise<string> {
  const lines = Array.from({ length: count }, (_, at) => chatLine(`line-${at}`, { tokens: 3, delayMs: 40 }));
  return (await batches.create([...lines, chatLine('bad', {}, { temperature: 99 })].join('\n'))).id;
}

function output(id: string, query = '', key = test.description.apiKey): Promise<Response> {
  return fetch(`${test.description.projectUrl}/batches/${id}/output${query}`, {
    headers: { authorization: `Bearer ${key}` },
  });
}

const idsOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as OutputLine).custom_id);

const fileText = async (batches: BatchClient, id = ''): Promise<string> =>
  (await batches.openai.files.content(id)).text();

describe('the output of a batch', () => {
  it('can be read while it runs, in pages, and continues in its file', async () => {
    const batches = client();
    const id = await begin(batches, 80);
    const early = await eventually('there are lines', async () => {
      const text = await (await output(id)).text();
      return text === '' ? undefined : text;
    });
    const batch = await batches.openai.batches.retrieve(id);
    expect(batch).toMatchObject({ status: 'in_progress' });
    expect(batch.output_file_id).toBeUndefined();
    const ended = await batches.ended(id);
    const text = await fileText(batches, ended.output_file_id);
    expect(text.startsWith(early)).toBe(true);
    expect(await (await output(id)).text()).toBe(text);
    expect(idsOf(await (await output(id, '?after=10&limit=7')).text())).toEqual(idsOf(text).slice(10, 17));
    expect(idsOf(await (await output(id, '?after=80')).text())).toEqual([]);
    expect(idsOf(await (await output(id, '?kind=error')).text())).toEqual(['bad']);
  });

  it('can be followed until it ends, also from a line on, and by the OpenAI SDK', async () => {
    const batches = client();
    const id = await begin(batches, 120);
    const followed = [
      output(id, '?follow=true').then((response) => response.text()),
      output(id, '?follow=true&after=20').then((response) => response.text()),
      output(id, '?follow=true&kind=error').then((response) => response.text()),
      batches.openai
        .get(`/batches/${id}/output`, { query: { follow: true, limit: 5 }, __binaryResponse: true })
        .asResponse()
        .then((response) => response.text()),
    ];
    const [whole, rest, errors, few] = await Promise.all(followed);
    const ended = await batches.ended(id);
    const text = await fileText(batches, ended.output_file_id);
    const lines = (from: string | undefined): string[] => (from ?? '').split('\n').filter((line) => line !== '');
    expect(lines(whole)).toEqual(lines(text));
    expect(lines(rest)).toEqual(lines(text).slice(20));
    expect(idsOf(errors ?? '')).toEqual(['bad']);
    expect(lines(few)).toEqual(lines(text).slice(0, 5));
  });

  it('of a batch that runs comes before the batch has ended', async () => {
    const batches = client();
    const id = await begin(batches, 150);
    const { body } = await output(id, '?follow=true');
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    expect(value?.length).toBeGreaterThan(0);
    expect(await batches.openai.batches.retrieve(id)).toMatchObject({ status: expect.stringMatching(/_|validating/) });
    await reader.cancel();
    await batches.openai.batches.cancel(id);
    await batches.ended(id);
  });

  it('is continued through a restart of the batch service', async () => {
    const batches = client();
    const id = await begin(batches, 150);
    const followed = output(id, '?follow=true').then((response) => response.text());
    await eventually('some lines are done', async () =>
      ((await batches.openai.batches.retrieve(id)).request_counts?.completed ?? 0) > 5 ? true : undefined,
    );
    const service = test.platform.service('batch');
    await service.kill('SIGKILL');
    await service.start();
    const ended = await batches.ended(id, 120_000);
    const text = await fileText(batches, ended.output_file_id);
    expect(idsOf(await followed)).toEqual(idsOf(text));
    expect(new Set(idsOf(text)).size).toBe(150);
  }, 180_000);

  it('is closed when the key is revoked', async () => {
    const batches = client();
    const key = await SecondKey.create(test.description);
    // More than can run at once: those that do when it is paused still end.
    const id = await begin(batches, 150);
    const paused = await batches.openai.post<{ status: string }>(`/batches/${id}/pause`);
    expect(paused.status).not.toBe('completed');
    const followed = (await output(id, '?follow=true', key.value)).text();
    const closed = expect(followed).rejects.toThrow('terminated');
    await key.revoke();
    await closed;
    await batches.openai.batches.cancel(id);
    await batches.ended(id);
  }, 60_000);

  it('of another project, and an unknown one, is a 404', async () => {
    const batches = client();
    const id = (await batches.create(chatLine('a'))).id;
    await batches.ended(id);
    const { projectId, apiKey } = await addTenant(test.platform, 'scripted');
    const foreign = fetch(`${test.description.baseUrl}/${projectId}/v1/batches/${id}/output`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    expect(await errorOf(foreign)).toEqual([404, 'batch_not_found']);
    expect(await errorOf(output('batch_none'))).toEqual([404, 'batch_not_found']);
  });

  it('whose file was deleted is a 404', async () => {
    const batches = client();
    const ended = await batches.ended((await batches.create(chatLine('a'))).id);
    await batches.openai.files.delete(ended.output_file_id ?? '');
    expect(await errorOf(output(ended.id))).toEqual([404, 'file_not_found']);
  });

  it.each(['after=-1', 'after=x', 'after=50001', 'limit=0', 'limit=50001', 'follow=yes', 'kind=both'])(
    'with %s is a 400',
    async (query) => {
      const response = await output('batch_none', `?${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { param: query.split('=')[0] } });
    },
  );

  it('has no more than 16 readers of a project', async () => {
    const batches = client();
    const id = await begin(batches, 10);
    await batches.openai.post(`/batches/${id}/pause`);
    const open = await Promise.all(Array.from({ length: 16 }, () => output(id, '?follow=true')));
    expect(open.map(({ status }) => status)).toEqual(open.map(() => 200));
    expect(await errorOf(output(id))).toEqual([429, 'rate_limit_exceeded']);
    for (const { body } of open) await body?.cancel();
    await eventually('there is room', async () => (await output(id)).status === 200 || undefined);
    await batches.openai.batches.cancel(id);
    await batches.ended(id);
  });
});
