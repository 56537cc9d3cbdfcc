/** Writes an object that never ends, until it is killed. The options and the key come as JSON on standard input: they have secrets. */
import { json } from 'node:stream/consumers';
import { S3Store } from '../src/s3-store.ts';
import type { S3StoreOptions } from '../src/s3-store.ts';

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(65_536, 'x');
}

const { key, options } = (await json(process.stdin)) as { key: string; options: S3StoreOptions };
const store = await S3Store.open(options);
await store.write(key, endless());
