/** Paths of the bundled models, for specs that need meaningful completions or vectors. */
import { fileURLToPath } from 'node:url';

const file = (name: string): string =>
  fileURLToPath(new URL(`../../../../../tools/bundled-models/models/${name}`, import.meta.url));

export const chatModelFile = file('xero-tiny.gguf');
export const embeddingModelFile = file('xero-embed.gguf');
