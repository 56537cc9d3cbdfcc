/** Writes `models/SHA256SUMS`, in the form that `sha256sum --check` reads. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('../models/', import.meta.url);
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.gguf'))
  .sort();
const lines = files.map((file) => {
  const sum = createHash('sha256')
    .update(readFileSync(new URL(file, folder)))
    .digest('hex');
  return `${sum}  ${file}\n`;
});
writeFileSync(new URL('SHA256SUMS', folder), lines.join(''));
console.log(lines.join('').trimEnd());
