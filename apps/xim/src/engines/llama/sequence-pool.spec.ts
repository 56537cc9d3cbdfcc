import { SequencePool } from './sequence-pool.ts';
import type { PoolSequence } from './sequence-pool.ts';

/** Behaves like a sequence of the library, without computing anything. */
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

/** Acquires a sequence, computes the prompt on it, and releases it. */
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
  it('reuses the sequence with the longest common prefix', async () => {
    const { pool } = aPool(3);
    const first = await use(pool, [1, 2, 3, 4]);
    await use(pool, [7, 8, 9]);
    const again = await use(pool, [1, 2, 3, 4, 5, 6]);
    expect(again).toEqual({ cached: 4, sequence: first.sequence });
  });

  it('never reuses the last token of a prompt', async () => {
    const { pool } = aPool(1);
    await use(pool, [1, 2, 3]);
    expect((await use(pool, [1, 2, 3])).cached).toBe(2);
  });

  it('does not reuse the cache of another salt', async () => {
    const { pool } = aPool(1);
    await use(pool, [1, 2, 3, 4], 'a');
    expect((await use(pool, [1, 2, 3, 4], 'b')).cached).toBe(0);
    expect((await use(pool, [1, 2, 3, 4], 'a')).cached).toBe(0);
  });

  it('prefers an unused sequence to discarding most of a used one', async () => {
    const { pool } = aPool(2);
    const long = await use(pool, [1, 2, 3, 4, 5, 6, 7, 8]);
    const other = await use(pool, [1, 20, 30]);
    expect(other.sequence).not.toBe(long.sequence);
    expect((await use(pool, [1, 2, 3, 4, 5, 6, 7, 8, 9])).cached).toBe(8);
  });

  it('uses the least recently used sequence when none matches', async () => {
    const { pool } = aPool(2);
    const oldest = await use(pool, [1, 1, 1]);
    await use(pool, [2, 2, 2]);
    expect((await use(pool, [3, 3, 3])).sequence).toBe(oldest.sequence);
  });

  it('rejects with worker.busy until a sequence is released', async () => {
    const { pool } = aPool(1);
    const { sequence } = await pool.acquire([1], 'a');
    await expect(pool.acquire([1], 'a')).rejects.toMatchObject({ code: 'worker.busy' });
    await pool.release(sequence, { intact: true });
    await expect(pool.acquire([1], 'a')).resolves.toBeDefined();
  });

  it('does not reuse the cache of a failed sequence', async () => {
    const { pool } = aPool(1);
    const { sequence } = await pool.acquire([1, 2, 3], 'a');
    sequence.contextTokens = [1, 2, 3];
    await pool.release(sequence, { intact: false });
    expect((await use(pool, [1, 2, 3])).cached).toBe(0);
  });

  it('releases a sequence that could not be prepared', async () => {
    const { pool, sequences } = aPool(1);
    sequences[0]!.broken = true;
    await expect(pool.acquire([1], 'a')).rejects.toThrow('broken');
    sequences[0]!.broken = false;
    await expect(pool.acquire([1], 'a')).resolves.toBeDefined();
  });

  it('resolves idle() once no sequence is in use', async () => {
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
