import fc from 'fast-check';
import { embeddingResponse } from './embedding-response.ts';

const usage = {
  promptTokens: 7,
  cachedTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
  acceptedPredictionTokens: 0,
  rejectedPredictionTokens: 0,
};

interface Parsed {
  readonly data: readonly { readonly embedding: never }[];
}

async function embeddings(vectors: readonly Float32Array[], format: 'float' | 'base64'): Promise<unknown[]> {
  const text = await embeddingResponse({ model: 'm', vectors, format, usage });
  return (JSON.parse(text) as Parsed).data.map(({ embedding }) => embedding);
}

describe('embeddingResponse', () => {
  it('returns JSON as specified, for any model name', async () => {
    const text = await embeddingResponse({
      model: 'a "b"\n',
      vectors: [Float32Array.of(1, -0.5)],
      format: 'float',
      usage,
    });
    expect(JSON.parse(text)).toEqual({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [1, -0.5] }],
      model: 'a "b"\n',
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
  });

  it('preserves every number exactly, in both formats', async () => {
    const numbers = fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(numbers), async (vectors) => {
        // JSON has no negative zero.
        const expected = vectors.map((vector) => [...vector].map((value) => value + 0));
        expect(await embeddings(vectors, 'float')).toEqual(expected);
        const decoded = (await embeddings(vectors, 'base64')).map((text) => {
          const bytes = Buffer.from(text as string, 'base64');
          return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i) + 0);
        });
        expect(decoded).toEqual(expected);
      }),
    );
  });

  it('numbers the entries of long lists consecutively', async () => {
    const vectors = Array.from({ length: 100 }, (_, i) => Float32Array.of(i));
    const { data } = JSON.parse(await embeddingResponse({ model: 'm', vectors, format: 'float', usage })) as {
      data: { index: number; embedding: number[] }[];
    };
    expect(data.map(({ index, embedding }) => [index, embedding[0]])).toEqual(vectors.map((_, i) => [i, i]));
  });
});
