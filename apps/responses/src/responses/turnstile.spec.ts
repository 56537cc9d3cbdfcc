import { Turnstile } from './turnstile.ts';

interface Piece {
  readonly begun: boolean;
  end(error?: Error): void;
  readonly result: Promise<string>;
}

/** Work that ends when it is told to. */
function pieceOf(turnstile: Turnstile, name: string): Piece {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let begun = false;
  const result = turnstile.run(() => {
    begun = true;
    return promise;
  });
  result.catch(() => undefined);
  return {
    get begun() {
      return begun;
    },
    end: (error) => (error === undefined ? resolve(name) : reject(error)),
    result,
  };
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const begunOf = (pieces: readonly Piece[]): boolean[] => pieces.map(({ begun }) => begun);

describe('Turnstile', () => {
  it('runs so many pieces of work at a time, in their order', async () => {
    const turnstile = new Turnstile(2);
    const pieces = ['a', 'b', 'c', 'd'].map((name) => pieceOf(turnstile, name));
    expect(begunOf(pieces)).toEqual([true, true, false, false]);
    pieces[1]?.end();
    await settled();
    expect(begunOf(pieces)).toEqual([true, true, true, false]);
    for (const piece of pieces) piece.end();
    expect(await Promise.all(pieces.map(({ result }) => result))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets the next one in after a failure, too', async () => {
    const turnstile = new Turnstile(1);
    const [failing, next] = [pieceOf(turnstile, 'a'), pieceOf(turnstile, 'b')];
    failing.end(new Error('failed'));
    await expect(failing.result).rejects.toThrow('failed');
    await settled();
    expect(next.begun).toBe(true);
    next.end();
    expect(await next.result).toBe('b');
    // All places are free again.
    const last = pieceOf(turnstile, 'c');
    expect(last.begun).toBe(true);
    last.end();
  });
});
