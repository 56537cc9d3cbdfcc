import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { transferRoutes } from '@xerotier/contracts/files';
import type { Transfer } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { decode, decodeError } from '@xerotier/nats';
import { PassThrough } from 'node:stream';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import type { z } from 'zod';
import { ContentConnection } from './content-connection.ts';

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

/** Content that is opened and not read yet. Either method ends it. */
export interface IncomingContent {
  /**
   * Writes it as it is taken, and leaves the target open: a connection or a file.
   * @throws {AppError} `files.unavailable` when it breaks off. @throws {Error} when the target fails or is closed.
   */
  sendTo(target: Writable): Promise<void>;
  destroy(): void;
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
    const { statusCode, bytes } = await this.#exchange({
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
    if (statusCode !== 200) throw decodeError(bytes, url);
    return decode(response, bytes, url);
  }

  /**
   * Opens content; it comes as it is read. If it breaks off, it fails with `files.unavailable`.
   * @throws {AppError} of the files service; `files.unavailable`.
   */
  async openContent({ url, ticket }: Transfer): Promise<Readable> {
    const options = {
      ...{ origin: url, path: transferRoutes.content, method: 'GET' },
      headers: { authorization: `Bearer ${ticket}` },
    } as const;
    const { statusCode, body } = await this.#agent.request(options).catch(unavailable);
    if (statusCode !== 200) throw decodeError(await bytesOf(body).catch(unavailable), url);
    return contentOf(body);
  }

  /**
   * Opens content that is only passed on, for a third of the CPU time of `openContent`.
   * @throws {AppError} of the files service; `files.unavailable`.
   */
  async receiveContent(transfer: Transfer): Promise<IncomingContent> {
    const url = new URL(transferRoutes.content, transfer.url);
    if (url.protocol !== 'http:') return incoming(await this.openContent(transfer));
    const { head, body } = await ContentConnection.open({
      ...{ url, authorization: `Bearer ${transfer.ticket}` },
      ...{ connectTimeoutMs: CONNECT_TIMEOUT_MS, idleTimeoutMs: IDLE_TIMEOUT_MS },
    });
    if (head.status !== 200) throw decodeError(await body.bytes(RESPONSE_BYTES_MAX), transfer.url);
    return body;
  }

  onModuleDestroy(): Promise<void> {
    return this.#agent.destroy();
  }

  async #exchange(options: Dispatcher.RequestOptions): Promise<{ statusCode: number; bytes: Buffer }> {
    const { statusCode, body } = await this.#agent.request(options).catch(unavailable);
    return { statusCode, bytes: await bytesOf(body).catch(unavailable) };
  }
}

/** Errors of ours, such as that of the body that is sent, stay what they are. */
function outageOf(cause: unknown): AppError {
  return AppError.is(cause) ? cause : new AppError('files.unavailable', {}, { cause });
}

/** @throws {AppError} */
function unavailable(cause: unknown): never {
  throw outageOf(cause);
}

function incoming(content: Readable): IncomingContent {
  return {
    sendTo: (target) => pipeline(content, target, { end: false }),
    destroy: () => void content.destroy(),
  };
}

/** Each ends with the other. */
function contentOf(body: Readable): Readable {
  const content = new PassThrough();
  body.on('error', (cause) => content.destroy(outageOf(cause)));
  content.once('close', () => body.destroy());
  return body.pipe(content);
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
