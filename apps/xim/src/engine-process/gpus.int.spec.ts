import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findGpus } from './gpus.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xim-gpus-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Puts a program of a vendor into the path. */
async function install(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

const env = (variables: Record<string, string> = {}): Record<string, string> => ({
  PATH: [folder, '/usr/bin', '/bin'].join(delimiter),
  ...variables,
});
const NVIDIA = `case "$1" in
--query-gpu=index,uuid,name,memory.total,mig.mode.current) echo "0, GPU-0, NVIDIA A100, 81920, Enabled" ;;
-L) printf 'GPU 0: NVIDIA A100 (UUID: GPU-0)\\n  MIG 1g.10gb     Device  0: (UUID: MIG-0)\\n' ;;
*) exit 2 ;;
esac`;
const AMD = `echo '{"card0": {"VRAM Total Memory (B)": "1000", "Card Series": "MI300X"}}'`;

describe('findGpus', () => {
  it('finds none on a machine without the tools of vendors', async () => {
    expect(await findGpus(env())).toEqual({ accelerator: 'none', gpus: [] });
  });

  it('finds the slices of NVIDIA boards, with the memory of the slice', async () => {
    await install('nvidia-smi', NVIDIA);
    await install('rocm-smi', AMD);
    expect(await findGpus(env())).toEqual({
      accelerator: 'cuda',
      gpus: [{ id: 'MIG-0', name: 'MIG 1g.10gb', memoryBytes: 10e9, isSlice: true }],
    });
  });

  it('finds AMD cards if there is nothing of NVIDIA that is visible', async () => {
    await install('nvidia-smi', NVIDIA);
    await install('rocm-smi', AMD);
    const found = { id: '0', name: 'MI300X', memoryBytes: 1_000, isSlice: false };
    expect(await findGpus(env({ CUDA_VISIBLE_DEVICES: '' }))).toEqual({ accelerator: 'rocm', gpus: [found] });
  });

  it.each([
    ['fails', 'echo "No devices were found"; exit 6'],
    ['prints too much', 'yes "0, GPU-0, NVIDIA A100, 81920, Disabled"'],
    ['prints something else', 'echo "<html>"'],
  ])('finds none with a tool that %s', async (_, script) => {
    await install('nvidia-smi', script);
    expect(await findGpus(env())).toEqual({ accelerator: 'none', gpus: [] });
  });
});
