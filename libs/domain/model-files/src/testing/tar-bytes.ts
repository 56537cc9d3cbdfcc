/** Writes tar files, also wrong ones. */
const BLOCK = 512;
export const END = Buffer.alloc(2 * BLOCK);

export interface TarEntry {
  readonly name: string | Buffer;
  /** Default: '0', a file. */
  readonly type?: string;
  readonly content?: Uint8Array | string;
  /** Default: that of the content. */
  readonly size?: number | string;
  readonly linkName?: string;
  readonly prefix?: string;
}

export function tarEntry({ name, type = '0', content = '', size, linkName = '', prefix = '' }: TarEntry): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  header.set(Buffer.from(name), 0);
  header.write('0000644\0', 100);
  const length = size ?? bytes.length;
  header.write(typeof length === 'string' ? length : `${length.toString(8).padStart(11, '0')}\0`, 124, 12, 'latin1');
  header.write(type, 156);
  header.write(linkName, 157);
  header.write('ustar\x0000', 257, 'latin1');
  header.write(prefix, 345);
  return Buffer.concat([checksummed(header), bytes, Buffer.alloc(-bytes.length & (BLOCK - 1))]);
}

export function checksummed(header: Buffer): Buffer {
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

export function tarOf(...entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), END]);
}

/** The entry of a pax header, for the entry after it. */
export function pax(fields: Readonly<Record<string, string>>, type = 'x'): TarEntry {
  const lines = Object.entries(fields).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    const guess = Buffer.byteLength(rest) + 2;
    const length = Buffer.byteLength(rest) + String(guess).length;
    return `${length}${rest}`;
  });
  return { name: 'pax', type, content: lines.join('') };
}

/** A stream in pieces of this length. */
export async function* piecesOf(bytes: Uint8Array, length = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
