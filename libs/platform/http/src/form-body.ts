/**
 * Forms (`multipart/form-data`) on routes whose config has `form`; on other routes the media type is unsupported. A form is parsed
 * in memory under the same limit as JSON bodies, or left to the handler as a stream.
 */
import { AppError } from '@xerotier/errors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { toAppError } from './error-reply.ts';
import type { FormFields } from './form-fields.ts';
import { readForm } from './read-form.ts';
import type { IncomingFile } from './read-form.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the body is a form, and who reads it: `parsed` for `formOf`, `streamed` for `streamOf`. */
    form?: 'parsed' | 'streamed';
  }
}

export interface FormFile extends Omit<IncomingFile, 'content'> {
  readonly data: Buffer;
}

/** The parts of a form in the order in which they were sent; names may repeat. */
export class FormBody {
  constructor(
    readonly fields: FormFields,
    readonly files: readonly FormFile[],
  ) {}
}

/** A form that the handler reads. */
class StreamedForm {
  constructor(readonly stream: IncomingMessage) {}
}

/** Returns the form of a request on a route with parsed forms. @throws {AppError} `request.unsupported_media_type`. */
export function formOf({ body }: FastifyRequest): FormBody {
  if (body instanceof FormBody) return body;
  throw new AppError('request.unsupported_media_type', { mediaType: 'multipart/form-data' });
}

/** Returns the unread form of a request on a route with streamed forms. @throws {AppError} `request.unsupported_media_type`. */
export function streamOf({ body }: FastifyRequest): IncomingMessage {
  if (body instanceof StreamedForm) return body.stream;
  throw new AppError('request.unsupported_media_type', { mediaType: 'multipart/form-data' });
}

/** @param bytesMax maximum size of a form that is parsed. */
export function readFormBodies(fastify: FastifyInstance, bytesMax: number): void {
  fastify.addContentTypeParser('multipart/form-data', (request, body, done) => {
    const { form } = request.routeOptions.config;
    if (form === undefined) done(new AppError('request.unsupported_media_type', { mediaType: 'application/json' }));
    else if (form === 'streamed') done(null, new StreamedForm(body));
    else {
      parseFormBody(body, request.headers['content-type'] ?? '', bytesMax).then(
        (parsed) => done(null, parsed),
        (error: unknown) => done(toAppError(error, bytesMax)),
      );
    }
  });
}

/** @throws as `readForm`. */
export async function parseFormBody(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  bytesMax: number,
): Promise<FormBody> {
  const { fields, files } = await readForm(body, contentType, { bytesMax, onFile: collected });
  return new FormBody(fields, files);
}

async function collected({ content, ...file }: IncomingFile): Promise<FormFile> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk as Buffer);
  return { ...file, data: Buffer.concat(chunks) };
}
