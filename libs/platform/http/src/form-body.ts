/**
 * Parses forms (`multipart/form-data`) on routes whose config has `form: true`; on other routes the media type is
 * unsupported. The whole body is held in memory under the same limit as JSON bodies.
 */
import { Busboy } from '@fastify/busboy';
import type { BusboyFileStream, BusboyInstance } from '@fastify/busboy';
import { AppError } from '@xerotier/errors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the body is a form. */
    form?: boolean;
  }
}

export interface FormFile {
  /** Name of the form field. */
  readonly field: string;
  /** As sent by the client, without a path; empty when it has none. */
  readonly name: string;
  readonly contentType: string;
  readonly data: Buffer;
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

/** The parts of a form in the order in which they were sent; names may repeat. */
export class FormBody {
  readonly fields: (readonly [name: string, value: string])[] = [];
  readonly files: FormFile[] = [];
}

/** Returns the form of a request on a form route. @throws {AppError} `request.unsupported_media_type`. */
export function formOf({ body }: FastifyRequest): FormBody {
  if (body instanceof FormBody) return body;
  throw new AppError('request.unsupported_media_type', { mediaType: 'multipart/form-data' });
}

export function readFormBodies(fastify: FastifyInstance): void {
  fastify.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (request.routeOptions.config.form !== true) {
      done(new AppError('request.unsupported_media_type', { mediaType: 'application/json' }));
      return;
    }
    parseFormBody(body, request.headers['content-type'] ?? '').then(
      (form) => done(null, form),
      (error: unknown) => done(AppError.from(error)),
    );
  });
}

/** @throws {AppError} `request.invalid` when the form is malformed or exceeds a limit. */
export function parseFormBody(body: Buffer, contentType: string): Promise<FormBody> {
  const form = new FormBody();
  const files: Promise<void>[] = [];
  return new Promise((resolve, reject) => {
    const unreadable = (cause: unknown): void => reject(rejection('The form could not be parsed.', cause));
    const tooMany = (): void =>
      reject(rejection(`Expected at most ${FIELDS_MAX} fields and ${FILES_MAX} files in the form.`));
    let parser: BusboyInstance;
    try {
      parser = new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
    } catch (cause) {
      unreadable(cause);
      return;
    }
    for (const bound of ['partsLimit', 'fieldsLimit', 'filesLimit']) parser.on(bound, tooMany);
    parser.on('field', (name, value, _nameCut, cut) => {
      if (cut) reject(rejection(`Expected at most ${FIELD_BYTES_MAX} bytes in each field of the form.`));
      else if (isNamed(name)) form.fields.push([name, value]);
    });
    parser.on('file', (field, stream, name, _encoding, type) => {
      const collecting = collect(stream).then((data) => {
        if (isNamed(field)) form.files.push({ field, name: isNamed(name) ? name : '', contentType: type, data });
      });
      collecting.catch(unreadable);
      files.push(collecting);
    });
    parser.on('error', unreadable);
    parser.on('finish', () => void Promise.all(files).then(() => resolve(form), unreadable));
    parser.end(body);
  });
}

async function collect(stream: BusboyFileStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** A part may lack names, whatever the types of the parser say. */
function isNamed(name: string | undefined): name is string {
  return name !== undefined && name !== '';
}

function rejection(reason: string, cause?: unknown): AppError {
  return new AppError('request.invalid', { reason }, { cause });
}
