/** Identifies what a completion depends on besides the request: the weights and the code that computes with them. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const EDGE_BYTES = 2 ** 20;

/**
 * Returns `fp_` and twelve hexadecimal digits. Only the size and the first and last mebibyte of the file are hashed: the first
 * contains the metadata, and models of tens of gigabytes should not be read twice. Files that differ only in between have the
 * same fingerprint, which does not happen by accident. For a split model, this is the first file.
 */
export async function modelFingerprint(path: string, engineVersion: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const hash = createHash('sha256').update(`${engineVersion}\n${size}\n`);
    for (const from of [0, Math.max(0, size - EDGE_BYTES)]) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(EDGE_BYTES), 0, EDGE_BYTES, from);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return `fp_${hash.digest('hex').slice(0, 12)}`;
  } finally {
    await file.close();
  }
}
