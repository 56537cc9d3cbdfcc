/** What the parts of a model are: the files of a manifest, one GGUF file, or an archive. */
import { AppError } from '@xerotier/errors';
import { assertAcceptedFile } from '@xerotier/model-files';
import type { Input } from '../operations.ts';
import type { Manifest } from './model-upload.entity.ts';

/** A file of a model is one object of the store, which has at most 80 GB in S3 (ADR 0037). Formats of models can be split. */
export const MODEL_FILE_BYTES_MAX = 64 * 1_024 ** 3;

const BZIP2 = {
  types: ['application/x-bzip2', 'application/x-bzip', 'application/x-bzip-compressed-tar'],
  name: /\.(?:bz2|tbz2?|tbz)$/i,
};
const TAR = {
  types: [
    'application/x-tar',
    'application/gzip',
    'application/x-gzip',
    'application/x-gtar',
    'application/x-compressed-tar',
  ],
  name: /\.(?:tar|tar\.gz|tgz)$/i,
};
const GGUF = /\.gguf$/i;

/**
 * Returns the files that the parts are, one after another; undefined for an archive, whose files are known when it is read.
 * @throws {AppError} `request.invalid` and `model.invalid_file`, naming the field.
 */
export function manifestOf({
  filename,
  mimeType,
  bytes,
  files,
}: Pick<Input<'createUpload'>, 'filename' | 'mimeType' | 'bytes' | 'files'>): Manifest | undefined {
  if (files !== undefined) return checkedFiles(files);
  const type = (mimeType.split(';')[0] ?? '').trim().toLowerCase();
  const advice = 'bzip2 is not supported: compress the tar file with gzip, or not at all';
  if (BZIP2.types.includes(type)) throw invalid('mime_type', advice);
  if (BZIP2.name.test(filename)) throw invalid('filename', advice);
  if (GGUF.test(filename)) {
    assertFile({ path: filename, bytes }, 'filename', 'bytes');
    return [{ path: filename, bytes }];
  }
  if (TAR.types.includes(type) || TAR.name.test(filename)) return undefined;
  throw invalid('filename', 'a model without `files` is a .tar, a .tar.gz or a .gguf file');
}

function checkedFiles(files: Manifest): Manifest {
  const names = new Set<string>();
  for (const [at, file] of files.entries()) {
    assertFile(file, `files[${at}].path`, `files[${at}].bytes`);
    // Some file systems of workers do not distinguish case.
    const folded = file.path.toLowerCase();
    if (names.has(folded)) throw invalid(`files[${at}].path`, 'another file has this name');
    names.add(folded);
  }
  return files.map((file) => ({ ...file, ...(file.sha256 !== undefined && { sha256: file.sha256.toLowerCase() }) }));
}

/** @throws {AppError} `model.invalid_file`. */
function assertFile({ path, bytes }: Manifest[number], nameParam: string, bytesParam: string): void {
  try {
    assertAcceptedFile({ name: path, size: bytes });
  } catch (error) {
    if (!AppError.is(error) || error.code !== 'model.invalid_file') throw error;
    const { file, reason } = error.details as { file: string; reason: string };
    throw new AppError('model.invalid_file', { file, reason }, { param: nameParam, cause: error });
  }
  assertStorable(path, bytes, bytesParam);
}

/** @throws {AppError} `model.invalid_file` for a file that is too large for the store. */
export function assertStorable(path: string, bytes: number, param?: string): void {
  if (bytes <= MODEL_FILE_BYTES_MAX) return;
  const reason = `it has more than ${MODEL_FILE_BYTES_MAX} bytes: split it`;
  throw new AppError(
    'model.invalid_file',
    { file: JSON.stringify(path), reason },
    param === undefined ? {} : { param },
  );
}

function invalid(param: string, reason: string): AppError {
  return new AppError('request.invalid', { reason: `Invalid value for '${param}': ${reason}.` }, { param });
}
