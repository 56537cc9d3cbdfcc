/** Batches that are validated and priced only. */
import { scriptedPlatform } from '@xerotier/dev';
import OpenAI from 'openai';
import { BatchClient, chatLine } from './support/batch-client.ts';
import type { Batch } from './support/batch-client.ts';
import { addTenant } from './support/tenant.ts';
import type { Tenant } from './support/tenant.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => scriptedPlatform({ slots: 4 }));

interface Estimated {
  readonly lines: number;
  readonly input_tokens: number;
  readonly output_tokens_max: number;
  readonly cost_micros_min: number | null;
  readonly cost_micros_max: number | null;
}
type DryRun = Batch & {
  readonly x_dry_run?: boolean;
  readonly x_estimate?: Estimated & {
    readonly currency: string;
    readonly endpoints: (Estimated & { readonly endpoint: string; readonly tier: string })[];
    readonly enqueued_tokens: { needed: number; enqueued: number; limit: number | null; fits: boolean };
  };
};

const client = ({ projectId, apiKey }: Pick<Tenant, 'projectId' | 'apiKey'> = test.description): BatchClient =>
  new BatchClient(new OpenAI({ baseURL: `${test.description.baseUrl}/${projectId}/v1`, apiKey, maxRetries: 0 }));

async function dryRun(batches: BatchClient, input: string): Promise<DryRun> {
  const created = await batches.create(input, { x_dry_run: true } as object);
  expect(created).toMatchObject({ status: 'validating', x_dry_run: true });
  return batches.ended(created.id);
}

const idsOf = async (batches: BatchClient, query: object = {}): Promise<string[]> =>
  (await batches.openai.batches.list({ limit: 100, ...query })).data.map(({ id }) => id);

describe('a dry run', () => {
  it('has the price of a batch, and runs nothing', async () => {
    const tenant = await addTenant(test.platform, 'scripted', { tier: 'gpu_nvidia_shared' });
    const batches = client(tenant);
    const messages = [{ role: 'user', content: 'x'.repeat(4_000) }];
    const lines = Array.from({ length: 10 }, (_, at) => chatLine(`${at}`, {}, { messages, max_tokens: 500 }));
    const ended = await dryRun(batches, lines.join('\n'));
    test.schema.expectValid('Batch', ended);
    expect(ended).toMatchObject({
      ...{ status: 'completed', completed_at: expect.any(Number), model: 'chat' },
      request_counts: { total: 0, completed: 0, failed: 0 },
    });
    expect(ended).not.toHaveProperty('output_file_id');
    const tiers = await fetch(`${test.description.projectUrl}/management/tiers`, {
      headers: { authorization: `Bearer ${test.description.managementKey}` },
    });
    const { data } = (await tiers.json()) as {
      data: { id: string; price: { input_micros: number; output_micros: number; batch_discount_percent: number } }[];
    };
    const price = data.find(({ id }) => id === 'gpu_nvidia_shared')?.price;
    if (price === undefined) throw new Error('Expected a price of the tier');
    const paid = (100 - price.batch_discount_percent) / 100;
    const [input, output] = [10_000, 5_000];
    const expected = {
      ...{ lines: 10, input_tokens: input, output_tokens_max: output },
      cost_micros_min: Math.round((input * price.input_micros * paid) / 1e6),
      cost_micros_max: Math.round(((input * price.input_micros + output * price.output_micros) * paid) / 1e6),
    };
    expect(ended.x_estimate).toMatchObject({
      ...{ currency: 'usd', ...expected, endpoints: [{ endpoint: 'chat', tier: 'gpu_nvidia_shared', ...expected }] },
      enqueued_tokens: { needed: input + output, enqueued: 0, fits: true },
    });
    // It has taken nothing of the allowance, so that a batch of the same file runs.
    const batch = await batches.create('', { input_file_id: ended.input_file_id });
    expect(batch).not.toHaveProperty('x_dry_run');
    expect(await idsOf(batches)).toEqual([batch.id]);
    expect(await idsOf(batches, { x_dry_run: true })).toEqual([ended.id]);
    await batches.ended(batch.id);
  });

  it('says that a batch would exceed the allowance', async () => {
    const batches = client(await addTenant(test.platform, 'scripted', { tier: 'free' }));
    const lines = Array.from({ length: 20 }, (_, at) => chatLine(`${at}`, {}, { max_tokens: 1_000_000 })).join('\n');
    const { x_estimate: estimate } = await dryRun(batches, lines);
    const { limit, needed, fits } = estimate!.enqueued_tokens;
    expect([fits, needed > (limit ?? Infinity)]).toEqual([false, true]);
    const ended = await batches.ended((await batches.create(lines)).id);
    expect(ended).toMatchObject({ status: 'failed', errors: { data: [{ code: 'token_limit_exceeded' }] } });
  });

  it('is continued when the service is killed', async () => {
    const batches = client();
    const lines = Array.from({ length: 50_000 }, (_, at) => chatLine(`${at}`, {}, { max_tokens: 1 })).join('\n');
    const created = await batches.create(lines, { x_dry_run: true } as object);
    const service = test.platform.service('batch');
    await service.kill('SIGKILL');
    await service.start();
    const ended: DryRun = await batches.ended(created.id, 120_000);
    expect(ended).toMatchObject({ status: 'completed', x_estimate: { lines: 50_000, output_tokens_max: 50_000 } });
  }, 180_000);

  it('has the errors of a batch', async () => {
    const batches = client();
    const input = `${chatLine('a')}\n{"custom_id":\n${chatLine('b', {}, { stream: true })}`;
    const errors = (await batches.ended((await batches.create(input)).id)).errors?.data;
    expect(errors).toHaveLength(2);
    const ended = await dryRun(batches, input);
    test.schema.expectValid('Batch', ended);
    expect(ended).toMatchObject({ status: 'failed', failed_at: expect.any(Number), errors: { data: errors } });
    expect(ended).not.toHaveProperty('x_estimate');
  });

  it('has no output, and is neither cancelled nor run again when it has ended', async () => {
    const batches = client();
    const { id } = await dryRun(batches, chatLine('a'));
    const output = await fetch(`${test.description.projectUrl}/batches/${id}/output`, {
      headers: { authorization: `Bearer ${test.description.apiKey}` },
    });
    expect([output.status, await output.text()]).toEqual([200, '']);
    for (const action of ['cancel', 'pause', 'retry'])
      await expect(batches.openai.post(`/batches/${id}/${action}`)).rejects.toMatchObject({ status: 409 });
  });

  it.each(['yes', 1, null])('with %j instead of true is a 400', async (value) => {
    const attempt = client().create('', { input_file_id: 'file-1', x_dry_run: value } as object);
    await expect(attempt).rejects.toMatchObject({ status: 400, param: 'x_dry_run' });
  });
});
