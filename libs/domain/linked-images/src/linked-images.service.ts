/**
 * Images of chat requests that are linked. They are fetched here, by the client that reaches public addresses only, and go to the engine
 * as `data:` URLs: an engine would fetch any URL, from the network of its worker.
 */
import { Injectable } from '@nestjs/common';
import { EgressClient } from '@xerotier/egress';
import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest, ChatMessage } from '@xerotier/public-api/chat-completions';
import { buffer } from 'node:stream/consumers';

/** Of one request. */
const IMAGES_MAX = 16;
const IMAGE_BYTES_MAX = 8 * 1_024 ** 2;
/** Of all of them: a request with them must fit into that of a worker. */
const BYTES_MAX = 20 * 1_024 ** 2;
const TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

type Part = Exclude<NonNullable<ChatMessage['content']>, string>[number];
type ImagePart = Extract<Part, { type: 'image_url' }>;

/** Returns the field of the request that an image is from, by the index of its message and that of its part. */
export type FieldOf = (message: number, part: number) => string;

interface LinkedImage {
  readonly url: string;
  /** The field of the request. */
  readonly param: string;
}

@Injectable()
export class LinkedImages {
  constructor(private readonly egress: EgressClient) {}

  /**
   * Returns the request with the content of its images in place of their URLs.
   * @param signal aborted when the client is gone.
   * @param fieldOf for a chat that was made of another request. Default: the field of a chat completion.
   * @throws {AppError} `egress.*` and `request.invalid`, naming the field; `inference.cancelled`.
   */
  async inline(
    chat: ChatCompletionRequest,
    signal: AbortSignal,
    fieldOf: FieldOf = fieldOfChat,
  ): Promise<ChatCompletionRequest> {
    const images = chat.messages.flatMap((message, at) => imagesOf(message, (part) => fieldOf(at, part)));
    const excess = images[IMAGES_MAX];
    if (excess !== undefined) throw invalid(excess, `at most ${IMAGES_MAX} images of a request may be linked`);
    const contents = (await this.#fetchAll(images, signal)).values();
    return { ...chat, messages: chat.messages.map((message) => withContents(message, contents)) };
  }

  async #fetchAll(images: readonly LinkedImage[], signal: AbortSignal): Promise<string[]> {
    // The first failure ends the others.
    const ending = new AbortController();
    try {
      const either = AbortSignal.any([signal, ending.signal]);
      const fetched = await Promise.all(images.map((image) => this.#fetch(image, either)));
      const bytes = fetched.reduce((sum, { content }) => sum + content.length, 0);
      if (bytes > BYTES_MAX)
        throw invalid(images[0] as LinkedImage, `the linked images have more than ${BYTES_MAX} bytes together`);
      return fetched.map(({ type, content }) => `data:${type};base64,${content.toString('base64')}`);
    } catch (error) {
      ending.abort();
      if (signal.aborted) throw new AppError('inference.cancelled', {}, { cause: error });
      throw error;
    }
  }

  async #fetch(image: LinkedImage, signal: AbortSignal): Promise<{ type: string; content: Buffer }> {
    try {
      const options = { bytesMax: IMAGE_BYTES_MAX, contentTypes: TYPES, signal };
      const { status, headers, body } = await this.egress.fetch(image.url, options);
      if (status < 200 || status > 299) {
        body.destroy();
        throw invalid(image, `the response of the URL has the status ${status}`);
      }
      const type = (headers.get('content-type') ?? '').split(';', 1)[0] as string;
      return { type: type.trim().toLowerCase(), content: await buffer(body) };
    } catch (error) {
      if (!AppError.is(error) || error.param !== undefined) throw error;
      throw new AppError(error.code, error.details, { param: image.param, cause: error });
    }
  }
}

/** Most requests have none. */
export function hasLinkedImages({ messages }: ChatCompletionRequest): boolean {
  return messages.some(({ content }) => Array.isArray(content) && content.some((part: Part) => isLinked(part)));
}

function imagesOf({ content }: ChatMessage, fieldOf: (part: number) => string): LinkedImage[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((part: Part, at) => (isLinked(part) ? [{ url: part.image_url.url, param: fieldOf(at) }] : []));
}

/** @param contents of the linked images from this message on. */
function withContents(message: ChatMessage, contents: Iterator<string>): ChatMessage {
  const { content } = message;
  if (!Array.isArray(content)) return message;
  const parts = content.map((part: Part) =>
    isLinked(part) ? { ...part, image_url: { ...part.image_url, url: contents.next().value as string } } : part,
  );
  return { ...message, content: parts } as ChatMessage;
}

function isLinked(part: Part): part is ImagePart {
  return part.type === 'image_url' && !/^data:/i.test(part.image_url.url);
}

function fieldOfChat(message: number, part: number): string {
  return `messages[${message}].content[${part}].image_url.url`;
}

function invalid({ param }: LinkedImage, reason: string): AppError {
  return new AppError('request.invalid', { reason: `Invalid value for '${param}': ${reason}.` }, { param });
}
