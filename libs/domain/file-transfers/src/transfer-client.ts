import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { transferRoutes } from '@xerotier/contracts/files';
import type { Transfer } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { decode, decodeError } from '@xerotier/nats';
import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import type { z } from 'zod';

const CONNECT_TIMEOUT_MS = 2_000;
/** Until the service responds to a complete request: it stores the last bytes durably first. */
const RESPONSE_TIMEOUT_MS = 60_000;
/** Between two pieces of content. */
const IDLE_TIMEOUT_MS = 60_000;
const CONNECTIONS_MAX = 256;
const RESPONSE_BYTES_MAX = 64 * 1_024;

/** A form of `multipart/form-data`. */
export interface FormToSend {
  readonly body: Readable;
  readonly contentType?: string | undefined;
  /** In bytes, if it is known. */
  readonly contentLength?: string | undefined;
}

@Injectable()
export class TransferClient implements OnModuleDestroy {
  readonly #agent = new Agent({
    connections: CONNECTIONS_MAX,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: RESPONSE_TIMEOUT_MS,
    bodyTimeout: IDLE_TIMEOUT_MS,
  });

  /**
   * Sends a form as it arrives. A body that fails aborts the transfer.
   * @throws {AppError} of the files service; `files.unavailable`.
   */
  async sendForm<S extends z.ZodType>(
    { url, ticket }: Transfer,
    path: string,
    { body, contentType, contentLength }: FormToSend,
    response: S,
  ): Promise<z.output<S>> {
    const { statusCode, body: received } = await this.#request({
      origin: url,
      path,
      method: 'POST',
      headers: {
        authorization: `Bearer ${ticket}`,
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...(contentLength !== undefined && { 'content-length': contentLength }),
      },
      body,
    });
    const bytes = await bytesOf(received);
    if (statusCode !== 200) throw decodeError(bytes, url);
    return decode(response, bytes, url);
  }

  /**
   * Opens content; it comes as it is read.
   * @throws {AppError} of the files service; `files.unavailable`.
   */
  async openContent({ url, ticket }: Transfer): Promise<Readable> {
    const { statusCode, body } = await this.#request({
      origin: url,
      path: transferRoutes.content,
      method: 'GET',
      headers: { authorization: `Bearer ${ticket}` },
    });
    if (statusCode !== 200) throw decodeError(await bytesOf(body), url);
    return body;
  }

  onModuleDestroy(): Promise<void> {
    return this.#agent.destroy();
  }

  async #request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#agent.request(options);
    } catch (cause) {
      throw AppError.is(cause) ? cause : new AppError('files.unavailable', {}, { cause });
    }
  }
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > RESPONSE_BYTES_MAX) throw new AppError('files.unavailable', {}, { cause: new Error('Too long') });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
