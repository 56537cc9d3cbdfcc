import fc from 'fast-check';
import { ModelRejection } from '../files/rejection.ts';
import { memoryFile } from '../testing/memory-file.ts';
import { DATA_BYTES, HEADER, oneTensor, safetensorsBytes } from '../testing/safetensors-bytes.ts';
import { readSafetensorsHeader } from './safetensors-header.ts';
import type { SafetensorsHeader } from './safetensors-header.ts';

const read = (bytes: Uint8Array): Promise<SafetensorsHeader> =>
  readSafetensorsHeader(memoryFile('m.safetensors', bytes));

describe('readSafetensorsHeader', () => {
  it('reads names and elements, of the header only', async () => {
    const file = memoryFile('m.safetensors', safetensorsBytes());
    expect(await readSafetensorsHeader(file)).toEqual({
      names: new Set(['a.weight', 'b.weight']),
      elements: new Map([
        ['BF16', 6],
        ['F32', 1],
      ]),
      bytes: DATA_BYTES,
    });
    expect(file.bytesRead()).toBe(file.size - DATA_BYTES);
  });

  it.each<[string, Buffer]>([
    ['spaces after the header', safetensorsBytes(`${JSON.stringify(HEADER)}   `)],
    ['empty tensors', safetensorsBytes({ a: { dtype: 'I8', shape: [0, 5], data_offsets: [0, 0] } }, 0)],
    ['tensors in any order', safetensorsBytes(Object.fromEntries(Object.entries(HEADER).toReversed()))],
    ['a single number', oneTensor({ shape: [], data_offsets: [0, 4] }, 4)],
    ['half bytes', oneTensor({ dtype: 'F4', shape: [32] })],
    ['six bits', oneTensor({ dtype: 'F6_E2M3', shape: [4], data_offsets: [0, 3] }, 3)],
    ['no metadata', oneTensor({})],
  ])('accepts %s', async (_, bytes) => {
    await expect(read(bytes)).resolves.toBeDefined();
  });

  const twoTensors = (first: readonly number[], second: readonly number[], dataBytes?: number): Buffer =>
    safetensorsBytes(
      {
        a: { dtype: 'U8', shape: [(first[1] as number) - (first[0] as number)], data_offsets: first },
        b: { dtype: 'U8', shape: [(second[1] as number) - (second[0] as number)], data_offsets: second },
      },
      dataBytes,
    );

  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'too short'],
    ['only a length', Buffer.alloc(8), 'too short'],
    ['a header beyond the limit', safetensorsBytes('{}', 16, 100_000_001), 'more than 100000000 bytes'],
    ['a header of 2^64 - 1 bytes', safetensorsBytes('{}', 16, 2n ** 64n - 1n), 'more than 100000000 bytes'],
    ['a header beyond the end', safetensorsBytes('{}', 16, 19), 'does not fit'],
    ['an empty header', safetensorsBytes('', 16), 'not a JSON object'],
    ['a space before the header', safetensorsBytes(' {}', 0), 'not a JSON object'],
    ['a list', safetensorsBytes('[]', 0), 'not a JSON object'],
    ['text after the header', safetensorsBytes('{} x', 0), 'not valid JSON'],
    ['invalid UTF-8', safetensorsBytes(Buffer.from('7b22ff223a317d', 'hex'), 0), 'not UTF-8'],
    ['a deep header', safetensorsBytes('{"a":[[[[1]]]]}', 0), 'levels deep'],
    ['a key twice', safetensorsBytes('{"a":1,"a":1}', 0), 'twice'],
    ['metadata with a number', safetensorsBytes({ ...HEADER, __metadata__: { a: 1 } }), 'something else than texts'],
    ['metadata that is a text', safetensorsBytes({ ...HEADER, __metadata__: 'a' }), 'something else than texts'],
    ['a tensor that is a number', safetensorsBytes({ a: 1 }, 0), 'not described by an object'],
    ['an unknown field', oneTensor({ loader: 'x' }), 'unknown field "loader"'],
    ['an unknown dtype', oneTensor({ dtype: 'F128' }), 'unknown dtype'],
    ['a dtype that is no text', oneTensor({ dtype: ['F32'] }), 'unknown dtype'],
    ['a negative size', oneTensor({ shape: [-2, -2] }), 'non-negative integers'],
    ['a fraction', oneTensor({ shape: [0.5, 8] }), 'non-negative integers'],
    ['a size as text', oneTensor({ shape: ['4'] }), 'non-negative integers'],
    ['no shape', oneTensor({ shape: undefined }), 'non-negative integers'],
    ['too many dimensions', oneTensor({ shape: Array(17).fill(1) }), 'non-negative integers'],
    ['a shape that overflows 64 bits to its size', oneTensor({ shape: [2 ** 32, 2 ** 32, 4] }), 'too large'],
    ['a shape beyond exact numbers', oneTensor({ shape: [2 ** 27, 2 ** 27] }), 'too large'],
    ['a shape whose bits are', oneTensor({ shape: [2 ** 52] }), 'too large'],
    ['one offset', oneTensor({ data_offsets: [0] }), 'two integers in order'],
    ['three offsets', oneTensor({ data_offsets: [0, 16, 16] }), 'two integers in order'],
    ['no offsets', oneTensor({ data_offsets: undefined }), 'two integers in order'],
    ['a negative offset', oneTensor({ data_offsets: [-16, 0] }), 'two integers in order'],
    ['offsets in the wrong order', oneTensor({ data_offsets: [16, 0] }), 'two integers in order'],
    ['a span that is too short', oneTensor({ data_offsets: [0, 12] }, 12), 'do not fit its shape'],
    ['a span that is too long', oneTensor({ data_offsets: [0, 20] }, 20), 'do not fit its shape'],
    ['half a byte', oneTensor({ dtype: 'F4', shape: [3], data_offsets: [0, 2] }, 2), 'do not fit its shape'],
    ['an end beyond the file', oneTensor({}, 15), 'behind the end'],
    ['a tensor beyond the file', oneTensor({ data_offsets: [2 ** 40, 2 ** 40 + 16] }), 'gap'],
    ['overlapping tensors', twoTensors([0, 8], [7, 16]), 'overlaps'],
    ['two tensors in one place', twoTensors([0, 16], [0, 16]), 'overlaps'],
    ['a gap at the beginning', oneTensor({ data_offsets: [4, 20] }, 20), 'gap'],
    ['a gap between tensors', twoTensors([0, 8], [9, 16]), 'gap'],
    ['data after the last tensor', oneTensor({}, 17), 'do not cover'],
    ['data without tensors', safetensorsBytes({}, 16), 'do not cover'],
  ])('rejects %s', async (_, bytes, reason) => {
    const result = read(bytes);
    await expect(result).rejects.toBeInstanceOf(ModelRejection);
    await expect(result).rejects.toThrow(reason);
  });

  it('does not read a header that is too large', async () => {
    const file = { ...memoryFile('m.safetensors', safetensorsBytes('{}', 0, 100_000_001)), size: 2 ** 40 };
    await expect(readSafetensorsHeader(file)).rejects.toThrow('more than');
    expect(file.bytesRead()).toBe(8);
  });

  it('never accepts a mutation that does not describe its data exactly', async () => {
    const valid = safetensorsBytes();
    const mutation = fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), fc.nat(4), async (mutations, cut) => {
        const bytes = Buffer.from(valid.subarray(0, valid.length - cut));
        for (const { at, byte } of mutations) bytes[at % bytes.length] = byte;
        const result: unknown = await read(bytes).catch((error: unknown) => error);
        if (result instanceof ModelRejection) return;
        const length = Number(bytes.readBigUInt64LE());
        const { __metadata__: _, ...tensors } = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as typeof HEADER;
        const covered = Object.values(tensors).reduce((sum, { data_offsets: [start, end] }) => sum + end - start, 0);
        expect(covered).toBe(bytes.length - 8 - length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('rejects random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expect(read(bytes)).rejects.toBeInstanceOf(ModelRejection);
      }),
    );
  });
});
