/** The bundled model files: their paths and their expected contents. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface BundledModel {
  /** The name that requests give. */
  readonly id: string;
  readonly path: string;
  /** How many tokens of a conversation it was made for. */
  readonly contextTokens: number;
  /** SHA-256 of the file, in hexadecimal digits. */
  readonly sha256: string;
}

const folder = new URL('../models/', import.meta.url);

/** `models/SHA256SUMS` is in the form that `sha256sum --check` reads. */
const sums = new Map(
  readFileSync(new URL('SHA256SUMS', folder), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(/ [ *]/) as [string, string])
    .map(([sum, file]) => [file, sum]),
);

function bundledModel(id: string, contextTokens: number): BundledModel {
  const sha256 = sums.get(`${id}.gguf`);
  if (sha256 === undefined) throw new Error(`models/SHA256SUMS does not name ${id}.gguf: build the models again.`);
  return { id, path: fileURLToPath(new URL(`${id}.gguf`, folder)), contextTokens, sha256 };
}

export const bundledModels = {
  /** Chat, tools, thoughts, JSON. */
  chat: bundledModel('xero-tiny', 2_048),
  /** Sentence embeddings. */
  embed: bundledModel('xero-embed', 512),
} as const;

/** SHA-256 of a file as it is now. @throws the file system's error when it cannot be read. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
