/** The embedding model in the box, for specs that need vectors which mean something. */
import { fileURLToPath } from 'node:url';

export const boxEmbeddingFile = fileURLToPath(
  new URL('../../../../../tools/box-model/models/xero-embed.gguf', import.meta.url),
);
