import { withEveryTenant } from '@xerotier/db';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { silentLog } from '@xerotier/log/testing';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { runningAuth } from '../../test/running-auth.ts';
import { aUsageRecord } from '../../test/usage-records.ts';
import { RollupsService } from './rollups.service.ts';
import { UsageRepository } from './usage.repository.ts';
import { usage as usageCommand } from './usage.command.ts';

const auth = runningAuth();
const RANGE = { start: '2026-11-19', end: '2026-11-23' };
let repository: UsageRepository;
let rollups: RollupsService;

beforeAll(() => {
  repository = new UsageRepository(auth.database);
  rollups = new RollupsService(auth.database);
});

async function differences(): Promise<string[]> {
  const found: string[] = [];
  for await (const { projectId, day } of rollups.differences(RANGE)) found.push(`${projectId} ${day}`);
  return found;
}

const query = <Row extends object>(statement: string, parameters: unknown[] = []): Promise<Row[]> =>
  withEveryTenant(auth.database, (manager) => manager.query<Row[]>(statement, parameters));

/** A record of one of a few days, keys, end users and outcomes, so that sums have several rows. */
function varied(projectId: string, i: number): UsageRecord {
  return aUsageRecord({
    projectId,
    endpointId: `00000000-0000-4000-8000-00000000000${i % 2}`,
    keyId: `key_${i % 3}`,
    tier: ['free', 'gpu_amd_shared', 'no_prices'][i % 3]!,
    outcome: (['completed', 'failed', 'cancelled'] as const)[i % 3]!,
    startedAt: Date.UTC(2026, 10, 20 + (i % 2), i % 24),
    usage: { ...aUsageRecord().usage, promptTokens: 10 + i, completionTokens: i * 7 },
    ...(i % 4 !== 0 && { endUser: `user-${i % 4}` }),
  });
}

describe('the rollups', () => {
  it('have the sums of a day', async () => {
    const projectId = `proj_${randomUUID()}`;
    const record = { projectId, tier: 'gpu_nvidia_shared', endUser: 'user-1', endpointId: randomUUID() };
    await repository.append([
      aUsageRecord({ ...record, startedAt: Date.UTC(2026, 10, 20) }),
      aUsageRecord({ ...record, startedAt: Date.UTC(2026, 10, 20, 23, 59, 59, 999), outcome: 'failed' }),
      aUsageRecord({ ...record, startedAt: Date.UTC(2026, 10, 21), outcome: 'cancelled' }),
    ]);
    const sums = {
      ...{ requests: '2', failed_requests: '1', cancelled_requests: '0', prompt_tokens: '20', cached_tokens: '8' },
      ...{ completion_tokens: '40', reasoning_tokens: '2', accepted_prediction_tokens: '4' },
      // 30 tokens of 1.25 micro-units, rounded half up per request.
      ...{ rejected_prediction_tokens: '6', cost_micros: '76', unpriced_requests: '0' },
    };
    const where = "project_id = $1 AND day = '2026-11-20'";
    const [day] = await query(`SELECT * FROM auth.usage_day WHERE ${where}`, [projectId]);
    expect(day).toMatchObject({ key_id: 'key_1', model_id: 'tiny', tier: 'gpu_nvidia_shared', ...sums });
    const [endUser] = await query(`SELECT * FROM auth.usage_day_end_user WHERE ${where}`, [projectId]);
    expect(endUser).toMatchObject({ end_user: 'user-1', ...sums });
    const next = await query('SELECT day FROM auth.usage_day WHERE project_id = $1', [projectId]);
    expect(next).toHaveLength(2);
  });

  it('equal the sums of the ledger, whatever is delivered how often, in which order and how concurrently', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(29), { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 12 }),
        async (batches) => {
          const projectId = `proj_${randomUUID()}`;
          const records = Array.from({ length: 30 }, (_, i) => varied(projectId, i));
          const queue = batches.map((batch) => batch.map((i) => records[i]!));
          const consumers = Array.from({ length: 6 }, async () => {
            for (let batch = queue.pop(); batch !== undefined; batch = queue.pop()) await repository.append(batch);
          });
          await Promise.all(consumers);
          const [{ requests, endUsers } = { requests: '', endUsers: '' }] = await query<{
            requests: string;
            endUsers: string;
          }>(
            `SELECT (SELECT sum(requests) FROM auth.usage_day WHERE project_id = $1) AS requests,
               (SELECT coalesce(sum(requests), 0) FROM auth.usage_day_end_user WHERE project_id = $1) AS "endUsers"`,
            [projectId],
          );
          const delivered = new Set(batches.flat());
          expect(Number(requests)).toBe(delivered.size);
          expect(Number(endUsers)).toBe([...delivered].filter((i) => i % 4 !== 0).length);
          expect(await differences()).toEqual([]);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('change with the ledger, or not at all', async () => {
    const projectId = `proj_${randomUUID()}`;
    const bad = aUsageRecord({ projectId, keyId: 'key_\u0000' });
    await expect(repository.append([aUsageRecord({ projectId }), bad])).rejects.toThrow();
    expect(await query('SELECT 1 FROM auth.usage_day WHERE project_id = $1', [projectId])).toEqual([]);
    expect(await query('SELECT 1 FROM auth.usage_event WHERE project_id = $1', [projectId])).toEqual([]);
  });
});

describe('the usage command', () => {
  async function run(...args: string[]): Promise<object[]> {
    let output = '';
    const stdout = new Writable({
      write: (chunk, _, done) => {
        output += String(chunk);
        done();
      },
    });
    const log = silentLog();
    await usageCommand.run(args, { service: 'auth', env: auth.env, stdin: process.stdin, stdout, stderr: stdout, log });
    return output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as object);
  }

  it('finds what differs, and repairs it', async () => {
    const projectId = `proj_${randomUUID()}`;
    await repository.append(Array.from({ length: 8 }, (_, i) => varied(projectId, i)));
    await run('check', RANGE.start, RANGE.end);
    const one = "project_id = $1 AND day = '2026-11-20'";
    await query(`UPDATE auth.usage_day SET requests = requests + 1 WHERE ${one} AND key_id = 'key_0'`, [projectId]);
    await query("DELETE FROM auth.usage_day_end_user WHERE project_id = $1 AND day = '2026-11-21'", [projectId]);
    expect(await differences()).toEqual([`${projectId} 2026-11-20`, `${projectId} 2026-11-21`]);
    await expect(run('check', RANGE.start, RANGE.end)).rejects.toThrow('The sums of 2 days differ');
    await run('rebuild', RANGE.start, RANGE.end);
    expect(await differences()).toEqual([]);
  });

  it('rebuilds while requests are recorded', async () => {
    const projectId = `proj_${randomUUID()}`;
    const appends = Array.from({ length: 4 }, async (_, consumer) => {
      for (let i = 0; i < 25; i += 1) await repository.append([varied(projectId, i + consumer)]);
    });
    const rebuilds = Promise.all(Array.from({ length: 3 }, () => rollups.rebuild(RANGE)));
    await Promise.all([...appends, rebuilds]);
    expect(await differences()).toEqual([]);
  });

  it.each([
    ['check', '2026-11-20'],
    ['check', '2026-11-20', '2026-11-20'],
    ['check', '2026-02-30', '2026-03-01'],
    ['delete', '2026-11-20', '2026-11-21'],
  ])('rejects %s %s %s', async (...args) => {
    await expect(run(...args)).rejects.toThrow('expected');
  });
});
