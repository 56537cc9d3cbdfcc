/** The models in the box, for specs that need replies or vectors which mean something. */
import { fileURLToPath } from 'node:url';

const file = (name: string): string =>
  fileURLToPath(new URL(`../../../../../tools/box-model/models/${name}`, import.meta.url));

export const boxChatFile = file('xero-tiny.gguf');
export const boxEmbeddingFile = file('xero-embed.gguf');
