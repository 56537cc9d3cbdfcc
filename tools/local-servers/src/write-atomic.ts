import { rename, writeFile } from 'node:fs/promises';

/** Writes a small file readable by its owner only, atomically: a reader sees either the old or the new text. */
export async function writeAtomic(path: string, text: string): Promise<void> {
  const temporaryPath = `${path}.${process.pid}.new`;
  await writeFile(temporaryPath, text, { mode: 0o600 });
  await rename(temporaryPath, path);
}
