/** Reads a form (`multipart/form-data`) as it arrives: fields are kept, files are consumed with backpressure. */
import { Busboy } from '@fastify/busboy';
import type { BusboyFileStream, BusboyInstance } from '@fastify/busboy';
import { AppError } from '@xerotier/errors';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FormFields } from './form-fields.ts';

/** A file in a form that is being read. */
export interface IncomingFile {
  /** Name of the form field. */
  readonly field: string;
  /** As sent by the client, without a path; empty when it has none. */
  readonly name: string;
  readonly contentType: string;
  readonly content: Readable;
}

export interface ReadFormOptions<T> {
  /** Maximum size of the whole body; a larger one is a `request.too_large`. */
  readonly bytesMax: number;
  /** Consumes the content of a file until its end, or throws; undefined ignores the file. Called once the file begins. */
  readonly onFile: (file: IncomingFile) => Promise<T> | undefined;
}

export interface ReadForm<T> {
  readonly fields: FormFields;
  /** What `onFile` returned, in the order of the form. */
  readonly files: readonly T[];
}

const FIELDS_MAX = 256;
const FILES_MAX = 32;
const FIELD_BYTES_MAX = 2 * 1024 * 1024;
const LIMITS = {
  fields: FIELDS_MAX,
  files: FILES_MAX,
  parts: FIELDS_MAX + FILES_MAX,
  fieldSize: FIELD_BYTES_MAX,
  headerPairs: 32,
  headerSize: 8_192,
};

const MALFORMED = 'The form could not be parsed.';

/**
 * Resolves once the whole form was read and all files are consumed. After a failure the contents of its files fail as well, and the
 * rest of the body is discarded.
 * @throws {AppError} `request.invalid` when the form is malformed or exceeds a limit; `request.too_large`.
 * @throws what `onFile` or the body throws.
 */
export async function readForm<T>(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  { bytesMax, onFile }: ReadFormOptions<T>,
): Promise<ReadForm<T>> {
  const parser = parserOf(contentType);
  const fields: [string, string][] = [];
  const files: Promise<T>[] = [];
  const open = new Set<BusboyFileStream>();
  // What is wrong with the body itself, or with a file: errors of the parser are those of malformed forms.
  let cause: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    cause ??= { error };
    for (const file of open) file.destroy(error as Error);
    parser.destroy(error as Error);
  };
  const tooMany = (): void =>
    fail(rejection(`Expected at most ${FIELDS_MAX} fields and ${FILES_MAX} files in the form.`));
  for (const bound of ['partsLimit', 'fieldsLimit', 'filesLimit']) parser.on(bound, tooMany);
  parser.on('field', (name, value, _nameCut, cut) => {
    if (cut) fail(rejection(`Expected at most ${FIELD_BYTES_MAX} bytes in each field of the form.`));
    else if (isNamed(name)) fields.push([name, value]);
  });
  parser.on('file', (field, content, name, _encoding, type) => {
    const taken = isNamed(field)
      ? onFile({ field, name: isNamed(name) ? name : '', contentType: type, content })
      : undefined;
    // Whoever reads the file, and for each error: one that nobody listens to ends the process.
    content.on('error', (error: NodeJS.ErrnoException) => {
      // A form that ends within the file. A consumer that stops reading aborts it, and then rejects with its own error.
      if (error.code !== 'ABORT_ERR') fail(rejection(MALFORMED, error));
    });
    if (taken === undefined) {
      content.resume();
      return;
    }
    open.add(content);
    const consumed = taken
      .then((value) => {
        if (!content.readableEnded) throw new Error('The consumer of a file has not read it to its end.');
        return value;
      })
      .finally(() => open.delete(content));
    consumed.catch(fail);
    files.push(consumed);
  });
  try {
    await pipeline(
      bounded(body, bytesMax, (error) => (cause ??= { error })),
      parser,
    );
    return { fields, files: await Promise.all(files) };
  } catch (error) {
    for (const file of open) file.destroy(error as Error);
    await Promise.allSettled(files);
    discard(body);
    throw cause === undefined ? rejection(MALFORMED, error) : cause.error;
  }
}

/** @throws {AppError} `request.invalid` for a type without a boundary. */
function parserOf(contentType: string): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
  } catch (cause) {
    throw rejection(MALFORMED, cause);
  }
}

async function* bounded(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  try {
    for await (const chunk of kept(body)) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new AppError('request.too_large', { bytesMax });
      yield chunk;
    }
  } catch (error) {
    onFailure(error);
    throw error;
  }
}

/** Of a request, which is not destroyed: the response to it is sent on the same connection. */
function kept(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return body instanceof Readable ? body.iterator({ destroyOnReturn: false }) : body;
}

/** Reads the rest of a request: the client may send all of it before it reads the response, and then another request. */
function discard(body: AsyncIterable<Uint8Array>): void {
  // After the iterator has removed its listener.
  if (body instanceof Readable) setImmediate(() => body.resume());
}

/** A part may lack names, whatever the types of the parser say. */
function isNamed(name: string | undefined): name is string {
  return name !== undefined && name !== '';
}

function rejection(reason: string, cause?: unknown): AppError {
  return new AppError('request.invalid', { reason }, { cause });
}
