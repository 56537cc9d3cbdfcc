import fc from 'fast-check';
import { Readable } from 'node:stream';
import { bodiesIn, bodyOf, packs } from './line-packs.ts';
import type { Pack } from './line-packs.ts';
import type { PendingLine } from './pending-lines.ts';

function aLine(input: unknown, rest: object = {}, url: PendingLine['line']['url'] = '/v1/embeddings'): PendingLine {
  const body = { model: 'm', input, ...rest };
  return { chunk: 0, index: 0, number: 1, line: { customId: 'a', url, model: String(body.model), body } };
}

async function packed(lines: readonly PendingLine[], isPackable = (): boolean => true): Promise<Pack[]> {
  const source = Readable.from(lines) as AsyncIterable<PendingLine>;
  const all: Pack[] = [];
  for await (const pack of packs(source, isPackable)) all.push(pack);
  return all;
}

const sizes = async (...lines: PendingLine[]): Promise<number[]> => (await packed(lines)).map(({ length }) => length);

describe('packs', () => {
  it('has lines together that differ in their input only', async () => {
    const lines = [aLine('a'), aLine(['b', 'c']), aLine('d')];
    const [pack, ...others] = await packed(lines);
    expect(pack).toEqual(lines);
    expect(others).toEqual([]);
    expect(bodyOf(pack as Pack)).toEqual({ model: 'm', input: ['a', 'b', 'c', 'd'] });
  });

  it.each([
    ['another model', aLine('b', { model: 'n' })],
    ['other dimensions', aLine('b', { dimensions: 8 })],
    ['another format', aLine('b', { encoding_format: 'base64' })],
    ['tokens instead of text', aLine([1, 2])],
    ['an input that is not valid', aLine(5)],
    ['no input', aLine([])],
    ['texts and tokens', aLine(['b', [1]])],
  ])('has a line with %s in another', async (_, other) => {
    expect(await sizes(aLine('a'), other, aLine('c'))).toEqual([1, 1, 1]);
  });

  it('has a single list of tokens as one input', async () => {
    const [pack] = await packed([aLine([1, 2]), aLine([[3], [4]])]);
    expect(bodyOf(pack as Pack)).toMatchObject({ input: [[1, 2], [3], [4]] });
  });

  it('are bounded in inputs and bytes', async () => {
    expect(await sizes(...Array.from({ length: 130 }, () => aLine('a')))).toEqual([64, 64, 2]);
    expect(await sizes(aLine(Array<string>(40).fill('a')), aLine(Array<string>(40).fill('a')))).toEqual([1, 1]);
    const long = 'x'.repeat(30_000);
    expect(await sizes(aLine(long), aLine(long), aLine(long))).toEqual([2, 1]);
    expect(await sizes(aLine('a'), aLine('x'.repeat(70_000)), aLine('a'))).toEqual([1, 1, 1]);
  });

  it('have one line each for other endpoints, and for models that are not packable', async () => {
    expect(await sizes(aLine('a', {}, '/v1/score'), aLine('a', {}, '/v1/score'))).toEqual([1, 1]);
    expect(await packed([aLine('a'), aLine('a')], () => false)).toHaveLength(2);
  });

  it('leave the body of a single line as it is', async () => {
    const [pack] = await packed([aLine('a')]);
    expect(bodyOf(pack as Pack)).toEqual({ model: 'm', input: 'a' });
  });

  it('have all lines in their order, whatever they are', async () => {
    const input = fc.oneof(
      fc.string(),
      fc.array(fc.string(), { maxLength: 80 }),
      fc.array(fc.nat(), { maxLength: 5 }),
      fc.array(fc.array(fc.nat(), { maxLength: 5 }), { maxLength: 5 }),
      fc.constant(null),
    );
    const line = fc.tuple(input, fc.constantFrom({}, { dimensions: 8 }, { model: 'n' }));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 200 }), async (drawn) => {
        const lines = drawn.map(([value, rest]) => aLine(value, rest));
        const all = await packed(lines);
        expect(all.flat()).toEqual(lines);
        for (const pack of all) expect(new Set(pack.map((pending) => pending.line.model)).size).toBe(1);
      }),
    );
  });
});

describe('bodiesIn', () => {
  it('has for each line its vectors and tokens', () => {
    const pack: Pack = [aLine('a'), aLine(['b', 'c']), aLine([1, 2, 3].map(String))];
    const vector = (index: number): object => ({ object: 'embedding', index, embedding: [index, 0.1] });
    const response = {
      ...{ object: 'list', data: [0, 1, 2, 3, 4, 5].map(vector), model: 'm' },
      usage: { prompt_tokens: 21, total_tokens: 21 },
    };
    const bodies = bodiesIn({ body: Buffer.from(JSON.stringify(response)) }, pack, [1, 2, 3, 4, 5, 6]);
    const expected = (from: number, count: number, tokens: number): object => ({
      object: 'list',
      data: Array.from({ length: count }, (_, index) => ({ ...vector(from + index), index })),
      model: 'm',
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
    expect(bodies.map((body) => JSON.parse(body.toString()) as unknown)).toEqual([
      expected(0, 1, 1),
      expected(1, 2, 5),
      expected(3, 3, 15),
    ]);
  });
});
