/** The GPUs that a server on this machine can use, as the tools of the vendors list them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { amdGpusIn, visibleAmd } from './amd-gpus.ts';
import { nvidiaGpusIn, visibleNvidia } from './nvidia-gpus.ts';

export interface Gpu {
  readonly id: string;
  readonly name: string;
  /** Of the slice, for a MIG slice. */
  readonly memoryBytes: number;
  /** A MIG slice: a part of a board, which cannot compute together with others. */
  readonly isSlice: boolean;
}

export interface FoundGpus {
  readonly accelerator: 'cuda' | 'rocm' | 'none';
  readonly gpus: readonly Gpu[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** Both tools may hang when a driver is broken. */
const TIMEOUT_MS = 15_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;
const run = promisify(execFile);

/**
 * Finds the GPUs. `CUDA_VISIBLE_DEVICES`, and `HIP_VISIBLE_DEVICES` or `ROCR_VISIBLE_DEVICES`, select some of them, as they do for
 * the server. A tool that is missing, fails or takes too long finds none.
 * @param env the environment of the server.
 */
export async function findGpus(env: Env): Promise<FoundGpus> {
  const nvidia = await nvidiaGpus(env);
  if (nvidia.length > 0) return { accelerator: 'cuda', gpus: nvidia };
  const amd = await amdGpus(env);
  return amd.length > 0 ? { accelerator: 'rocm', gpus: amd } : { accelerator: 'none', gpus: [] };
}

/**
 * Returns the number of GPUs that one model is distributed over: the largest power of two of those found, since models rarely
 * have a number of attention heads that anything else divides. MIG slices cannot be combined.
 */
export function tensorParallelSizeOf(gpus: readonly Gpu[]): number {
  const whole = gpus.filter(({ isSlice }) => !isSlice).length;
  return whole < 2 ? 1 : 2 ** Math.floor(Math.log2(whole));
}

async function nvidiaGpus(env: Env): Promise<Gpu[]> {
  const query = ['--query-gpu=index,uuid,name,memory.total,mig.mode.current', '--format=csv,noheader,nounits'];
  const table = await outputOf('nvidia-smi', query, env);
  if (table === '') return [];
  const list = await outputOf('nvidia-smi', ['-L'], env);
  return visibleNvidia(nvidiaGpusIn(table, list), env['CUDA_VISIBLE_DEVICES']);
}

async function amdGpus(env: Env): Promise<Gpu[]> {
  const json = await outputOf('rocm-smi', ['--showproductname', '--showmeminfo', 'vram', '--json'], env);
  return visibleAmd(amdGpusIn(json), env['HIP_VISIBLE_DEVICES'] ?? env['ROCR_VISIBLE_DEVICES']);
}

/** Returns an empty text when the program fails. */
async function outputOf(program: string, args: readonly string[], env: Env): Promise<string> {
  const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX, killSignal: 'SIGKILL', env } as const;
  return run(program, args, options).then(
    ({ stdout }) => stdout,
    () => '',
  );
}
