/** Parses audio and image requests, as forms or JSON, to the input of a worker. */
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { MediaFile, MediaRoute } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { formFields, formOf, readFields, withoutBrackets } from '@xerotier/http';
import type { FormFile } from '@xerotier/http';
import { createSpeech, createTranscription, createTranslation } from '@xerotier/public-api/audio';
import { createImage, createImageEdit, createImageVariation } from '@xerotier/public-api/images';
import type { FileField, OperationDefinition } from '@xerotier/public-api/operation';
import type { FastifyRequest } from 'fastify';
import { fieldsOf } from '../requests/request-fields.ts';
import type { Fields } from '../requests/request-fields.ts';

export interface MediaRequestParts {
  /** Undefined if it is optional and omitted. */
  readonly model: string | undefined;
  readonly fields: Fields;
  readonly files: readonly MediaFile[];
}

/** Maximum total size of files: as base64 they must fit into one message to a worker. */
const FILES_BYTES_MAX = 25 * 1024 * 1024;
const NAME_LENGTH_MAX = 255;
const TYPE = /^[\w.+-]+\/[\w.+-]+$/;
const TYPE_LENGTH_MAX = 128;

const operations = {
  'audio/transcriptions': createTranscription,
  'audio/translations': createTranslation,
  'audio/speech': createSpeech,
  'images/generations': createImage,
  'images/edits': createImageEdit,
  'images/variations': createImageVariation,
} as const satisfies Readonly<Record<MediaRoute, OperationDefinition>>;

/**
 * @throws {AppError} `request.invalid` naming the field or file in `param`, `request.files_too_large`, or
 * `request.unsupported_media_type`.
 */
export function readMediaRequest(route: MediaRoute, request: FastifyRequest): MediaRequestParts {
  if (!mediaRoutes[route].form) return { ...readMediaFields(route, fieldsOf(request.body)), files: [] };
  const form = formOf(request);
  return { ...readMediaFields(route, formFields(form.fields)), files: readFiles(route, form.files) };
}

export function readMediaFields(route: MediaRoute, body: Fields): Pick<MediaRequestParts, 'model' | 'fields'> {
  const { model, ...fields } = readFields(operations[route].request, body);
  const set = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return { model: model ?? undefined, fields: Object.fromEntries(set) };
}

function fileFieldsOf({ files = [] }: OperationDefinition): readonly FileField[] {
  return files;
}

/** Files of unknown fields are ignored, like unknown fields. */
export function readFiles(route: MediaRoute, files: readonly FormFile[]): MediaFile[] {
  const accepted = fileFieldsOf(operations[route]).flatMap(({ name, min, max }) => {
    const found = files.filter(({ field }) => withoutBrackets(field) === name);
    if (found.length < min) throw invalidFile(name, `Missing required parameter: '${name}'.`);
    if (found.length > max)
      throw invalidFile(name, `Invalid value for '${name}': expected at most ${max} ${max === 1 ? 'file' : 'files'}.`);
    if (found.some(({ data }) => data.length === 0))
      throw invalidFile(name, `Invalid value for '${name}': the file is empty.`);
    return found.map((file) => ({ ...file, field: name }));
  });
  const bytes = accepted.reduce((sum, { data }) => sum + data.length, 0);
  if (bytes > FILES_BYTES_MAX) {
    throw new AppError('request.files_too_large', { bytesMax: FILES_BYTES_MAX }, { param: accepted[0]?.field });
  }
  return accepted.map(({ field, name, contentType, data }) => ({
    field,
    // The extension at the end of the name must be kept.
    name: (name === '' ? field : name).slice(-NAME_LENGTH_MAX),
    contentType: TYPE.test(contentType) && contentType.length <= TYPE_LENGTH_MAX ? contentType : DEFAULT_TYPE,
    data: data.toString('base64'),
  }));
}

const DEFAULT_TYPE = 'application/octet-stream';

function invalidFile(param: string, reason: string): AppError {
  return new AppError('request.invalid', { reason }, { param });
}
