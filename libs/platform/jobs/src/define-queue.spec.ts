import { z } from 'zod';
import { defineQueue, encodeJob, redisNameOf } from './define-queue.ts';

const runs = defineQueue({
  name: 'batch-runs',
  job: z.object({ runId: z.string(), fence: z.number().int().optional() }),
  jobId: ({ runId }) => runId,
});

describe('defineQueue', () => {
  it.each(['', 'Runs', 'runs_', '1runs', 'runs:now', 'a'.repeat(49)])('rejects the name %p', (name) => {
    expect(() => defineQueue({ ...runs, name })).toThrow(RangeError);
  });

  it('has one hash tag for all keys', () => {
    expect(redisNameOf(runs)).toBe('{q-batch-runs}');
  });
});

describe('encodeJob', () => {
  it('parses the job, and names it', () => {
    expect(encodeJob(runs, { runId: 'run_1', fence: 2 })).toEqual({
      jobId: 'run_1',
      job: { runId: 'run_1', fence: 2 },
    });
  });

  it('drops what the contract does not name', () => {
    expect(encodeJob(runs, { runId: 'run_1', prompt: 'hi' } as never).job).toEqual({ runId: 'run_1' });
  });

  it('rejects what does not fit the contract', () => {
    expect(() => encodeJob(runs, { runId: 1 } as never)).toThrow(z.ZodError);
  });

  it('accepts 1024 bytes, and no more', () => {
    const queue = defineQueue({ ...runs, jobId: () => 'a' });
    const jobOf = (bytes: number): { runId: string } => ({ runId: 'x'.repeat(bytes - '{"runId":""}'.length) });
    expect(() => encodeJob(queue, jobOf(1_024))).not.toThrow();
    expect(() => encodeJob(queue, jobOf(1_025))).toThrow('1025 bytes');
    expect(() => encodeJob(queue, { runId: 'é'.repeat(600) })).toThrow(RangeError);
  });

  it.each(['', 'a:b', '17', '0', 'a b', 'x'.repeat(129)])('rejects the id %p', (runId) => {
    expect(() => encodeJob(runs, { runId })).toThrow('invalid id');
  });

  it('does not show the job in its errors', () => {
    expect(() => encodeJob(runs, { runId: 'secret words' })).toThrow(/^A job of batch-runs has an invalid id\.$/);
  });
});
