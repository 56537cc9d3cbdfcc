/**
 * Prints how much the old generation has grown after many requests, 64 of them at once, since a full collection.
 * Argument: the kind of map. Needs `--expose-gc`.
 */
import { getHeapSpaceStatistics } from 'node:v8';
import { InFlightMap } from '../src/index.ts';

const requests = process.argv[2] === 'Map' ? new Map<number, unknown>() : new InFlightMap<number, unknown>();
let id = 0;
// V8 allocates objects in the old generation from the start where all earlier ones have survived.
serve(30_000);
globalThis.gc?.();
const before = oldBytes();
serve(50_000);
process.stdout.write(String(oldBytes() - before));

function serve(count: number): void {
  for (const end = id + count; id < end; id += 1) {
    requests.set(id, { id, body: Array.from({ length: 50 }, (_, index) => ({ index })) });
    requests.delete(id - 64);
  }
}

function oldBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space');
  if (space === undefined) throw new Error('V8 has no old space');
  return space.space_used_size;
}
