/** Writes an object that never ends, until it is killed: `node write-endlessly.ts <folder> <key>`. */
import { FolderStore } from '../src/folder-store.ts';

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(65_536, 'x');
}

const [folder = '', key = ''] = process.argv.slice(2);
const store = await FolderStore.open(folder);
await store.write(key, endless());
