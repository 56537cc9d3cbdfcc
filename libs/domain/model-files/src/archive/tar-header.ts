/**
 * The headers of a tar file. The formats (ustar, GNU, pax) are read by the package tar; what it tolerates is rejected here, since
 * two readers that differ about a damaged header see different files.
 */
import { Header } from 'tar/header';
import { Pax } from 'tar/pax';
import { shown } from '../files/rejection.ts';
import { invalidArchive } from './invalid-archive.ts';

export const BLOCK_BYTES = 512;
/** Of a pax header or a long name. Real ones have less than 1 KiB. */
const EXTENSION_BYTES_MAX = 64 * 1_024;
const NAME_FIELD_BYTES = 100;

export interface TarHeader {
  readonly type: 'file' | 'directory' | 'extension';
  readonly path: string;
  /** Of what follows the header, in bytes. */
  readonly size: number;
  /** For `extension`: which one. */
  readonly extension?: 'pax' | 'name' | undefined;
}

/** What the extensions before an entry say about it. */
export type Extensions = Pax | undefined;

/** @throws {AppError} `model.invalid_archive` */
export function readTarHeader(block: Buffer, extensions: Extensions): TarHeader {
  const header = new Header(block, 0, extensions);
  if (!header.cksumValid) throw invalidArchive('it is not a tar file, or damaged: a header has a wrong checksum');
  const nameField = block.subarray(0, NAME_FIELD_BYTES);
  const nameEnd = nameField.indexOf(0);
  if (nameEnd >= 0 && nameField.subarray(nameEnd).some((byte) => byte !== 0)) {
    throw invalidArchive('a name contains a NUL character');
  }
  const { path = '', size = -1 } = header;
  if (!Number.isSafeInteger(size) || size < 0) throw invalidArchive(`the size of ${shown(path)} is invalid`);
  switch (header.type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return { type: 'file', path, size };
    case 'Directory':
      return { type: 'directory', path, size };
    case 'ExtendedHeader':
    case 'OldExtendedHeader':
      return extension('pax', path, size);
    case 'NextFileHasLongPath':
    case 'OldGnuLongPath':
      return extension('name', path, size);
    // Valid for everything that follows; only its comment, as git archive writes one, is harmless to ignore.
    case 'GlobalExtendedHeader':
      return extension(undefined, path, size);
    case 'Link':
    case 'SymbolicLink':
    case 'NextFileHasLongLinkpath':
      throw invalidArchive(`${shown(path)} is a link`);
    default:
      throw invalidArchive(`${shown(path)} is neither a file nor a folder`);
  }
}

function extension(kind: TarHeader['extension'], path: string, size: number): TarHeader {
  if (size > EXTENSION_BYTES_MAX) throw invalidArchive(`a header has more than ${EXTENSION_BYTES_MAX} bytes`);
  return { type: 'extension', path, size, extension: kind };
}

/** Adds what an extension says to what those before it said. @throws {AppError} `model.invalid_archive` */
export function readExtension(kind: TarHeader['extension'], content: Buffer, extensions: Extensions): Extensions {
  const text = content.toString();
  if (kind === 'name') return new Pax({ ...extensions, path: text.replace(/\0+$/, '') });
  const parsed = Pax.parse(text, kind === 'pax' ? extensions : undefined, kind === undefined);
  if (text.includes('\0')) throw invalidArchive('a name contains a NUL character');
  if (text.includes('GNU.sparse')) throw invalidArchive('it contains a sparse file');
  if (kind === 'pax') return parsed;
  if (parsed.path !== undefined || parsed.size !== undefined || parsed.linkpath !== undefined) {
    throw invalidArchive('a global header sets names or sizes');
  }
  return extensions;
}
