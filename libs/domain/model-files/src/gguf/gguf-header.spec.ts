import fc from 'fast-check';
import { ModelRejection } from '../files/rejection.ts';
import { ARCHITECTURE, TENSOR, aList, aNumber, aText, ggufBytes, text, u32, u64 } from '../testing/gguf-bytes.ts';
import type { GgufTensorBytes } from '../testing/gguf-bytes.ts';
import { memoryFile } from '../testing/memory-file.ts';
import { readGgufHeader } from './gguf-header.ts';
import type { GgufHeader } from './gguf-header.ts';

const read = (bytes: Uint8Array): Promise<GgufHeader> => readGgufHeader(memoryFile('m.gguf', bytes));

const withTensors = (...tensors: readonly GgufTensorBytes[]): Buffer => ggufBytes({ tensors });
const withPair = (...pair: Parameters<typeof aList>): Buffer => ggufBytes({ pairs: [ARCHITECTURE, aList(...pair)] });

describe('readGgufHeader', () => {
  it('reads values of all types and short lists of numbers, skips other lists, and counts elements by type', async () => {
    const pairs = [
      ARCHITECTURE,
      { key: 'u8', type: 0, value: [Buffer.from([200])] },
      { key: 'i8', type: 1, value: [Buffer.from([200])] },
      { key: 'u16', type: 2, value: [Buffer.from([255, 255])] },
      { key: 'i16', type: 3, value: [Buffer.from([255, 255])] },
      { key: 'u32', type: 4, value: [0xffffffff] },
      { key: 'i32', type: 5, value: [0xffffffff] },
      { key: 'f32', type: 6, value: [0x3f800000] },
      { key: 'bool', type: 7, value: [Buffer.from([1])] },
      { key: 'u64', type: 10, value: [u64(2n ** 64n - 1n)] },
      { key: 'i64', type: 11, value: [u64(2n ** 64n - 1n)] },
      { key: 'f64', type: 12, value: [u64(0x3ff0000000000000n)] },
      aText('long', 'x'.repeat(5_000)),
      aText('tokenizer.chat_template', 'y'.repeat(5_000)),
      aList('texts', 8, 2, text('a'), text('')),
      aList('numbers', 2, 3, Buffer.alloc(6)),
      aList('flags', 7, 2, Buffer.from([1, 0])),
      aList('long numbers', 0, 513, Buffer.alloc(513)),
      aList('lists', 9, 2, 8, u64(1), text('b'), 9, u64(1), 4, u64(1), 5),
    ];
    const tensors = [TENSOR, { name: 'quantized', shape: [64, 2], type: 8, offset: 128 }];
    const { metadata, names, elements, bytes } = await read(ggufBytes({ pairs, tensors, dataBytes: 128 + 4 * 34 }));
    expect(Object.fromEntries(metadata)).toEqual({
      'general.architecture': 'llama',
      u8: 200,
      i8: -56,
      u16: 65_535,
      i16: -1,
      u32: 0xffffffff,
      i32: -1,
      f32: 1,
      bool: true,
      u64: 2n ** 64n - 1n,
      i64: -1n,
      f64: 1,
      numbers: [0, 0, 0],
      flags: [true, false],
      'tokenizer.chat_template': 'y'.repeat(5_000),
    });
    expect(names).toEqual(new Set(['token_embd.weight', 'quantized']));
    expect(Object.fromEntries(elements)).toEqual({ F32: 32, Q8_0: 128 });
    expect(bytes).toBe(128 + 4 * 34);
  });

  it('reads version 2, any alignment, tensors in any order, and a header of several windows', async () => {
    await expect(read(ggufBytes({ version: 2 }))).resolves.toBeDefined();
    const pairs = [
      aNumber('general.alignment', 64),
      aList('tokens', 8, 300_000, Buffer.concat(Array(300_000).fill(text('token')))),
    ];
    const tensors = [
      { ...TENSOR, offset: 128 },
      { ...TENSOR, name: 'b', offset: 0 },
    ];
    const bytes = ggufBytes({ pairs, tensors, dataBytes: 256, alignment: 64 });
    const file = memoryFile('m.gguf', Buffer.concat([bytes, Buffer.alloc(5_000_000)]));
    expect((await readGgufHeader(file)).names.size).toBe(2);
    expect(file.bytesRead()).toBeLessThan(6_000_000);
  });

  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'does not fit'],
    ['another magic number', ggufBytes({ magic: 'GGJT' }), 'does not begin'],
    ['version 1', ggufBytes({ version: 1 }), 'neither 2 nor 3'],
    ['version 4', ggufBytes({ version: 4 }), 'neither 2 nor 3'],
    ['big-endian numbers', ggufBytes({ version: 0x03000000 }), 'big-endian'],
    ['too many pairs', ggufBytes({ pairCount: 10_001n }), 'more than 10000 key-value pairs'],
    ['2^64 - 1 pairs', ggufBytes({ pairCount: 2n ** 64n - 1n }), 'too large'],
    ['too many tensors', ggufBytes({ tensorCount: 100_001n }), 'more than 100000 tensors'],
    ['more pairs than there are', ggufBytes({ pairCount: 2n }), ''],
    ['more tensors than there are', ggufBytes({ tensorCount: 2n }), ''],
    ['an empty key', ggufBytes({ pairs: [aNumber('', 1)] }), 'a key has no'],
    ['a long key', ggufBytes({ pairs: [aNumber('k'.repeat(257), 1)] }), 'a key has no, or more than 256'],
    ['a key that is not UTF-8', Buffer.from(ggufBytes({ pairs: [aNumber('kk', 1)] })).fill(0xff, 32, 34), 'not UTF-8'],
    ['a key twice', ggufBytes({ pairs: [aNumber('k', 1), aNumber('k', 1)] }), '"k" occurs twice'],
    ['an unknown type', ggufBytes({ pairs: [{ key: 'k', type: 13, value: [] }] }), 'unknown type 13'],
    [
      'a truth value of 2',
      ggufBytes({ pairs: [{ key: 'k', type: 7, value: [Buffer.from([2])] }] }),
      'neither true nor false',
    ],
    ['a text beyond the end', ggufBytes({ pairs: [{ key: 'k', type: 8, value: [u64(1_000)] }] }), 'does not fit'],
    [
      'a text beyond the limit',
      ggufBytes({ pairs: [{ key: 'k', type: 8, value: [u64(2 ** 27)] }] }),
      'more than 67108864 bytes',
    ],
    [
      'a long chat template',
      ggufBytes({ pairs: [aText('tokenizer.chat_template', 'x'.repeat(65_537))] }),
      'chat template has more',
    ],
    ['a list beyond the end', withPair('k', 4, 1_000), 'does not fit'],
    ['a list of texts beyond the end', withPair('k', 8, 10), ''],
    ['a list of 2^63 items', withPair('k', 0, 2n ** 63n), 'too large'],
    ['a long list', withPair('k', 0, 16_000_001), 'more than 16000000 items'],
    ['long lists in a list', withPair('k', 9, 2, 9, u64(8_000_000), 8, u64(8_000_000)), 'more than 16000000 items'],
    ['deep lists', withPair('k', 9, 1, 9, u64(1), 9, u64(1), 4, u64(1), 1), 'more than 3 levels deep'],
    ['a list of an unknown type', withPair('k', 13, 1), 'unknown type 13'],
    ['an alignment that is no power of two', ggufBytes({ pairs: [aNumber('general.alignment', 24)] }), 'power of two'],
    ['an alignment of zero', ggufBytes({ pairs: [aNumber('general.alignment', 0)] }), 'power of two'],
    ['a huge alignment', ggufBytes({ pairs: [aNumber('general.alignment', 2 ** 31)] }), 'power of two'],
    ['an alignment that is a text', ggufBytes({ pairs: [aText('general.alignment', '32')] }), 'power of two'],
    ['a tensor without name', withTensors({ ...TENSOR, name: '' }), 'name of a tensor'],
    ['a long name', withTensors({ ...TENSOR, name: 'n'.repeat(64) }), 'name of a tensor'],
    ['a name twice', withTensors(TENSOR, { ...TENSOR, offset: 128 }), 'occurs twice'],
    ['no dimensions', withTensors({ ...TENSOR, shape: [] }), 'dimensions'],
    ['five dimensions', withTensors({ ...TENSOR, shape: [1, 1, 1, 1, 1] }), 'dimensions'],
    ['a size of zero', withTensors({ ...TENSOR, shape: [8, 0] }), 'is empty'],
    ['a shape that overflows 64 bits', withTensors({ ...TENSOR, shape: [2n ** 32n, 2n ** 32n, 1] }), 'too large'],
    ['a size beyond 63 bits', withTensors({ ...TENSOR, shape: [2n ** 63n] }), 'too large'],
    ['bytes beyond exact numbers', withTensors({ ...TENSOR, shape: [2n ** 52n] }), 'is too large'],
    ['an unknown tensor type', withTensors({ ...TENSOR, type: 40 }), 'unknown type 40'],
    ['a removed tensor type', withTensors({ ...TENSOR, type: 4 }), 'unknown type 4'],
    ['rows of half a block', withTensors({ ...TENSOR, shape: [16, 2], type: 8 }), 'not whole blocks of Q8_0'],
    ['an offset that is not aligned', withTensors({ ...TENSOR, shape: [8], offset: 16 }), 'not aligned'],
    ['an offset beyond the file', withTensors({ ...TENSOR, offset: 2 ** 40 }), 'behind the end'],
    ['an end beyond the file', ggufBytes({ dataBytes: 127 }), 'behind the end'],
    ['overlapping tensors', withTensors(TENSOR, { ...TENSOR, name: 'b', shape: [8], offset: 96 }), 'overlaps'],
    ['an offset of 2^64 - 1', withTensors({ ...TENSOR, offset: 2n ** 64n - 1n }), 'too large'],
    ['a file that ends within its header', ggufBytes().subarray(0, 60), 'does not fit'],
  ])('rejects %s', async (_, bytes, reason) => {
    const result = read(bytes);
    await expect(result).rejects.toBeInstanceOf(ModelRejection);
    await expect(result).rejects.toThrow(reason);
  });

  it('does not read more than its limit of a header', async () => {
    const header = ggufBytes({ pairs: [{ key: 'k', type: 8, value: [u64(67_108_864)] }], tensors: [], pairCount: 5n });
    const pairs = Array.from({ length: 5 }, (_, at) => Buffer.concat([text(`k${at}`), u32(8), u64(67_108_864)]));
    const file = {
      ...memoryFile('m.gguf', header),
      size: 2 ** 40,
      // Pairs of 64 MiB, as long as someone reads them.
      async *read({ start, end }: { start: number; end: number }) {
        const bytes = Buffer.alloc(end - start);
        if (start === 0) header.copy(bytes, 0, 0, 24);
        const at = pairs.findIndex(
          (_, index) => start <= 24 + index * (67_108_864 + 22) && 24 + index * (67_108_864 + 22) < end,
        );
        if (at >= 0) (pairs[at] as Buffer).copy(bytes, 24 + at * (67_108_864 + 22) - start);
        yield bytes;
      },
    };
    await expect(readGgufHeader(file)).rejects.toThrow('or is too large');
  });

  it('never accepts a mutation whose tensors are outside of its data', async () => {
    const valid = ggufBytes({ pairs: [ARCHITECTURE, aList('tokens', 8, 2, text('a'), text('b'))] });
    const mutation = fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), fc.nat(130), async (mutations, cut) => {
        const bytes = Buffer.from(valid.subarray(0, valid.length - cut));
        for (const { at, byte } of mutations) bytes[at % bytes.length] = byte;
        const result = await read(bytes).catch((error: unknown) => error);
        if (result instanceof ModelRejection) return;
        const { elements } = result as GgufHeader;
        // Every known type has at least 1.5 bits per element.
        const count = [...elements.values()].reduce((sum, more) => sum + more, 0);
        expect((count * 1.5) / 8).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('rejects random bytes, also after a valid beginning', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, hasBeginning) => {
        const beginning = hasBeginning ? ggufBytes().subarray(0, 24) : Buffer.alloc(0);
        await expect(read(Buffer.concat([beginning, bytes]))).rejects.toBeInstanceOf(ModelRejection);
      }),
    );
  });
});
