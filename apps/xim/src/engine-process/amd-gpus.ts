/** Reads what `rocm-smi --json` prints. */
import type { Gpu } from './gpus.ts';

const GPUS_MAX = 64;

/** Returns the cards in the order of their indices; none for anything but the JSON object that it prints. */
export function amdGpusIn(json: string): Gpu[] {
  let cards: unknown;
  try {
    // Warnings may precede the object.
    cards = JSON.parse(json.slice(Math.max(0, json.indexOf('{'))));
  } catch {
    return [];
  }
  if (typeof cards !== 'object' || cards === null) return [];
  return Object.entries(cards as Record<string, unknown>)
    .flatMap(([key, card]) => {
      const index = /^card(\d+)$/.exec(key)?.[1];
      return index === undefined ? [] : [{ index: Number(index), card: (card ?? {}) as Record<string, unknown> }];
    })
    .sort((one, other) => one.index - other.index)
    .slice(0, GPUS_MAX)
    .flatMap(({ index, card }) => {
      const memoryBytes = Number(card['VRAM Total Memory (B)']);
      if (!(memoryBytes > 0)) return [];
      const name = card['Card Series'] ?? card['Card series'] ?? card['Card Model'];
      return [{ id: String(index), name: typeof name === 'string' ? name : 'AMD', memoryBytes, isSlice: false }];
    });
}

/** Selects by index; the first entry that is not found ends the list. Undefined selects all. */
export function visibleAmd(gpus: readonly Gpu[], visible: string | undefined): Gpu[] {
  if (visible === undefined) return [...gpus];
  const found: Gpu[] = [];
  for (const entry of visible.split(',').map((text) => text.trim())) {
    const gpu = gpus.find(({ id }) => id === entry);
    if (gpu === undefined) break;
    if (!found.includes(gpu)) found.push(gpu);
  }
  return found;
}
