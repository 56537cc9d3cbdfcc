/** Reads what `nvidia-smi` prints. */
import type { Gpu } from './gpus.ts';

export interface NvidiaBoard extends Gpu {
  readonly index: number;
  /** The MIG slices of the board; undefined when MIG is off. */
  readonly slices: readonly Gpu[] | undefined;
}

const GPUS_MAX = 64;
const MIB = 1024 * 1024;
/** A profile such as `3g.40gb` states the memory in units of 10^9 bytes, rounded down: never more than the slice has. */
const SLICE_GB = 1_000_000_000;
const BOARD_LINE = /^GPU \d+: .*\(UUID: (?<uuid>[^)\s]+)\)/;
const SLICE_LINE = /^\s+MIG (?<profile>\S+)\s+Device\s+\d+: \(UUID: (?<uuid>[^)\s]+)\)/;

/**
 * @param table `--query-gpu=index,uuid,name,memory.total,mig.mode.current --format=csv,noheader,nounits`.
 * @param list `-L`, which lists the slices below their board.
 */
export function nvidiaGpusIn(table: string, list: string): NvidiaBoard[] {
  const slices = slicesIn(list);
  return table
    .split('\n')
    .slice(0, GPUS_MAX)
    .flatMap((line) => {
      const fields = line.split(',').map((field) => field.trim());
      const [index = '', uuid = ''] = fields;
      const [memoryMib = '', mig = ''] = fields.slice(-2);
      if (fields.length < 5 || !/^\d+$/.test(index) || !/^\d+$/.test(memoryMib)) return [];
      const board = { id: uuid, name: fields.slice(2, -2).join(', '), memoryBytes: Number(memoryMib) * MIB };
      const own = mig === 'Enabled' ? (slices.get(uuid) ?? []) : undefined;
      return [{ ...board, isSlice: false, index: Number(index), slices: own }];
    });
}

/**
 * Selects as CUDA does: by index, or by the beginning of an id; the first entry that is not found ends the list. Undefined selects all.
 * With MIG, CUDA offers the slices of a board instead of the board: all of them here, since a server is told which one to use.
 */
export function visibleNvidia(boards: readonly NvidiaBoard[], visible: string | undefined): Gpu[] {
  if (visible === undefined) return boards.flatMap(devicesOf);
  const found: Gpu[] = [];
  for (const entry of visible.split(',').map((text) => text.trim())) {
    const gpus = named(boards, entry);
    if (gpus.length === 0) break;
    found.push(...gpus);
  }
  return [...new Map(found.map((gpu) => [gpu.id, gpu])).values()];
}

function named(boards: readonly NvidiaBoard[], entry: string): Gpu[] {
  if (/^\d+$/.test(entry)) return boards.filter(({ index }) => index === Number(entry)).flatMap(devicesOf);
  if (entry.startsWith('GPU-')) return boards.filter(({ id }) => id.startsWith(entry)).flatMap(devicesOf);
  if (!entry.startsWith('MIG-')) return [];
  return boards.flatMap(({ slices = [] }) => slices.filter(({ id }) => id.startsWith(entry)));
}

function devicesOf({ index: _, slices, ...board }: NvidiaBoard): Gpu[] {
  return slices === undefined ? [board] : [...slices];
}

function slicesIn(list: string): Map<string, Gpu[]> {
  const slices = new Map<string, Gpu[]>();
  let current: Gpu[] = [];
  for (const line of list.split('\n')) {
    const board = BOARD_LINE.exec(line)?.groups?.['uuid'];
    if (board !== undefined) slices.set(board, (current = []));
    const { profile = '', uuid = '' } = SLICE_LINE.exec(line)?.groups ?? {};
    const gigabytes = /^(?:\d+c\.)?\d+g\.(\d+)gb/.exec(profile)?.[1];
    if (gigabytes === undefined || current.length >= GPUS_MAX) continue;
    current.push({ id: uuid, name: `MIG ${profile}`, memoryBytes: Number(gigabytes) * SLICE_GB, isSlice: true });
  }
  return slices;
}
