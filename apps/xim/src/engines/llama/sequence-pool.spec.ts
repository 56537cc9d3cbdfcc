import { SequencePool } from './sequence-pool.ts';
import type { PoolSequence } from './sequence-pool.ts';

/** Behaves as the library's sequence does, without computing anything. */
class FakeSequence implements PoolSequence {
  contextTokens: number[] = [];
  broken = false;

  get nextTokenIndex(): number {
    return this.contextTokens.length;
  }

  async adaptStateToTokens(tokens: number[]): Promise<void> {
    if (this.broken) throw new Error('broken');
    let shared = 0;
    while (shared < tokens.length && this.contextTokens[shared] === tokens[shared]) shared += 1;
    this.contextTokens = this.contextTokens.slice(0, shared);
  }

  async clearHistory(): Promise<void> {
    this.contextTokens = [];
  }
}

function aPool(size: number): { pool: SequencePool<FakeSequence>; sequences: FakeSequence[] } {
  const sequences = Array.from({ length: size }, () => new FakeSequence());
  return { pool: new SequencePool(sequences), sequences };
}

/** Takes a sequence, computes the prompt on it, and gives it back. */
async function use(
  pool: SequencePool<FakeSequence>,
  prompt: number[],
  salt = 'a',
): Promise<{ cached: number; sequence: FakeSequence }> {
  const { sequence, cachedTokens } = await pool.acquire(prompt, salt);
  sequence.contextTokens = [...prompt];
  await pool.release(sequence, { intact: true });
  return { cached: cachedTokens, sequence };
}

describe('SequencePool', () => {
  it('finds the sequence with the longest common beginning', async () => {
    const { pool } = aPool(3);
    const first = await use(pool, [1, 2, 3, 4]);
    await use(pool, [7, 8, 9]);
    const again = await use(pool, [1, 2, 3, 4, 5, 6]);
    expect(again).toEqual({ cached: 4, sequence: first.sequence });
  });

  it('always leaves the last token of a prompt to be computed', async () => {
    const { pool } = aPool(1);
    await use(pool, [1, 2, 3]);
    expect((await use(pool, [1, 2, 3])).cached).toBe(2);
  });

  it('gives nothing of one salt to another', async () => {
    const { pool } = aPool(1);
    await use(pool, [1, 2, 3, 4], 'a');
    expect((await use(pool, [1, 2, 3, 4], 'b')).cached).toBe(0);
    expect((await use(pool, [1, 2, 3, 4], 'a')).cached).toBe(0);
  });

  it('takes an unused sequence rather than throw away most of a used one', async () => {
    const { pool } = aPool(2);
    const long = await use(pool, [1, 2, 3, 4, 5, 6, 7, 8]);
    const other = await use(pool, [1, 20, 30]);
    expect(other.sequence).not.toBe(long.sequence);
    expect((await use(pool, [1, 2, 3, 4, 5, 6, 7, 8, 9])).cached).toBe(8);
  });

  it('takes the sequence that was not used for the longest time when none fits', async () => {
    const { pool } = aPool(2);
    const oldest = await use(pool, [1, 1, 1]);
    await use(pool, [2, 2, 2]);
    expect((await use(pool, [3, 3, 3])).sequence).toBe(oldest.sequence);
  });

  it('refuses when all sequences are taken, and not when one is given back', async () => {
    const { pool } = aPool(1);
    const { sequence } = await pool.acquire([1], 'a');
    await expect(pool.acquire([1], 'a')).rejects.toMatchObject({ code: 'worker.busy' });
    await pool.release(sequence, { intact: true });
    await expect(pool.acquire([1], 'a')).resolves.toBeDefined();
  });

  it('relies on nothing that a failed sequence holds', async () => {
    const { pool } = aPool(1);
    const { sequence } = await pool.acquire([1, 2, 3], 'a');
    sequence.contextTokens = [1, 2, 3];
    await pool.release(sequence, { intact: false });
    expect((await use(pool, [1, 2, 3])).cached).toBe(0);
  });

  it('gives a sequence back that could not be prepared', async () => {
    const { pool, sequences } = aPool(1);
    sequences[0]!.broken = true;
    await expect(pool.acquire([1], 'a')).rejects.toThrow('broken');
    sequences[0]!.broken = false;
    await expect(pool.acquire([1], 'a')).resolves.toBeDefined();
  });

  it('says when none is in use any more', async () => {
    const { pool } = aPool(2);
    await pool.idle();
    const { sequence } = await pool.acquire([1], 'a');
    let isIdle = false;
    const idle = pool.idle().then(() => (isIdle = true));
    await Promise.resolve();
    expect(isIdle).toBe(false);
    await pool.release(sequence, { intact: true });
    await idle;
  });
});
