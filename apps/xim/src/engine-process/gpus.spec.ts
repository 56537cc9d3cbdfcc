import { amdGpusIn, visibleAmd } from './amd-gpus.ts';
import { tensorParallelSizeOf } from './gpus.ts';
import type { Gpu } from './gpus.ts';
import { nvidiaGpusIn, visibleNvidia } from './nvidia-gpus.ts';

const TABLE = `0, GPU-aaaa-0, NVIDIA A100-SXM4-80GB, 81920, Disabled
1, GPU-aaaa-1, NVIDIA A100-SXM4-80GB, 81920, Enabled
2, GPU-bbbb-2, NVIDIA T4, 15360, [N/A]
`;
const LIST = `GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-aaaa-0)
GPU 1: NVIDIA A100-SXM4-80GB (UUID: GPU-aaaa-1)
  MIG 3g.40gb     Device  0: (UUID: MIG-b0)
  MIG 1g.10gb+me  Device  1: (UUID: MIG-b1)
  MIG 1c.3g.40gb  Device  2: (UUID: MIG-b2)
GPU 2: NVIDIA T4 (UUID: GPU-bbbb-2)
`;
const boards = nvidiaGpusIn(TABLE, LIST);
const idsOf = (gpus: readonly Gpu[]): string[] => gpus.map(({ id }) => id);

describe('nvidia-smi', () => {
  it('lists boards with their memory, and the slices of a board instead of it', () => {
    expect(visibleNvidia(boards, undefined)).toEqual([
      { id: 'GPU-aaaa-0', name: 'NVIDIA A100-SXM4-80GB', memoryBytes: 80 * 2 ** 30, isSlice: false },
      { id: 'MIG-b0', name: 'MIG 3g.40gb', memoryBytes: 40e9, isSlice: true },
      { id: 'MIG-b1', name: 'MIG 1g.10gb+me', memoryBytes: 10e9, isSlice: true },
      { id: 'MIG-b2', name: 'MIG 1c.3g.40gb', memoryBytes: 40e9, isSlice: true },
      { id: 'GPU-bbbb-2', name: 'NVIDIA T4', memoryBytes: 15 * 2 ** 30, isSlice: false },
    ]);
  });

  it.each([
    ['2,0', ['GPU-bbbb-2', 'GPU-aaaa-0']],
    ['GPU-bb', ['GPU-bbbb-2']],
    ['MIG-b1', ['MIG-b1']],
    ['1', ['MIG-b0', 'MIG-b1', 'MIG-b2']],
    ['0,0', ['GPU-aaaa-0']],
    // CUDA ignores everything from the first entry on that is not valid.
    ['0,7,2', ['GPU-aaaa-0']],
    ['-1', []],
    ['', []],
    ['NoDevFiles', []],
  ])('CUDA_VISIBLE_DEVICES %p selects %p', (visible, ids) => {
    expect(idsOf(visibleNvidia(boards, visible))).toEqual(ids);
  });

  it.each([
    '',
    'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.',
    'a, b, c, d, e',
    '0,1',
  ])('finds nothing in %p', (table) => {
    expect(nvidiaGpusIn(table, LIST)).toEqual([]);
  });

  it('has no devices on a board with MIG and without slices', () => {
    expect(visibleNvidia(nvidiaGpusIn(TABLE.split('\n')[1] as string, ''), undefined)).toEqual([]);
  });
});

describe('rocm-smi', () => {
  const card = (memory: unknown): object => ({ 'VRAM Total Memory (B)': memory, 'Card Series': 'MI300X' });
  const gpus = amdGpusIn(`WARNING: low power\n${JSON.stringify({ card10: card('3'), card2: card('2'), system: {} })}`);

  it('lists cards in the order of their numbers', () => {
    expect(gpus).toEqual([
      { id: '2', name: 'MI300X', memoryBytes: 2, isSlice: false },
      { id: '10', name: 'MI300X', memoryBytes: 3, isSlice: false },
    ]);
  });

  it.each(['', '[]', 'null', '{', '{"card0": null}', '{"card0": {"VRAM Total Memory (B)": "N/A"}}'])(
    'finds nothing in %p',
    (json) => {
      expect(amdGpusIn(json)).toEqual([]);
    },
  );

  it.each([
    [undefined, ['2', '10']],
    ['10', ['10']],
    ['10,5,2', ['10']],
    ['', []],
  ])('HIP_VISIBLE_DEVICES %p selects %p', (visible, ids) => {
    expect(idsOf(visibleAmd(gpus, visible))).toEqual(ids);
  });
});

describe('tensorParallelSizeOf', () => {
  const gpu = (isSlice: boolean): Gpu => ({ id: '', name: '', memoryBytes: 1, isSlice });

  it.each([
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 2],
    [7, 4],
    [8, 8],
  ])('%p GPUs make %p', (count, size) => {
    expect(tensorParallelSizeOf(Array.from({ length: count }, () => gpu(false)))).toBe(size);
  });

  it('does not combine slices', () => {
    expect(tensorParallelSizeOf([gpu(true), gpu(true), gpu(true), gpu(true)])).toBe(1);
  });
});
