/**
 * Files of requests that have items. Models read text and see images: they are shown the text of a file, and the content of an image as
 * `data:` URL. Items themselves are stored as they came.
 */
import { Injectable } from '@nestjs/common';
import { EgressClient } from '@xerotier/egress';
import { AppError } from '@xerotier/errors';
import { createHash } from 'node:crypto';
import { FairSlots } from './fair-slots.ts';
import { imageTypeOf, isHtmlName } from './file-kind.ts';
import { FileRejection } from './file-rejection.ts';
import { FileTexts } from './file-texts.ts';
import { FILE_BYTES_MAX, shownName } from './named-content.ts';
import type { NamedContent } from './named-content.ts';
import { fileUses, withShownParts } from './named-parts.ts';
import type { FilePart, FileUse, ImagePart, ReadItem, ShownPart } from './named-parts.ts';
import { decodeFileData } from './sources/encoded-file.ts';
import { fetchFile } from './sources/linked-file.ts';
import { StoredFiles } from './sources/stored-files.ts';

/** Of the input of one request, and with those of the turns that it continues. */
const FILES_MAX = 32;
const CONTEXT_FILES_MAX = 256;
/** Of all files of a context, in characters of text and of base64: a request with them must fit into that of a worker. */
const CONTEXT_LENGTH_MAX = 24 * 1_024 ** 2;
const SOURCES = ['file_id', 'file_url', 'file_data'] as const;
/** As of linked images. */
const IMAGE_BYTES_MAX = 8 * 1_024 ** 2;
/** Each has a file in memory. */
const READINGS = { max: 8, perProject: 4, waitingPerProject: 1_024 };

/** The items of a context: of the turns that a request continues, and of the request. */
export interface ReadItems<I extends ReadItem> {
  readonly history: readonly I[];
  readonly input: readonly I[];
}

@Injectable()
export class InputFiles {
  readonly #slots = new FairSlots(READINGS);

  constructor(
    private readonly stored: StoredFiles,
    private readonly texts: FileTexts,
    private readonly egress: EgressClient,
  ) {}

  /**
   * Returns the items with text and images in place of the parts that name files. A file of an earlier turn that cannot be read any more is
   * a text that says so, since the client cannot remove it from its chain.
   * @param signal aborted when the client is gone.
   * @throws {AppError} naming the part: `file.not_found`, `request.invalid`, `egress.*`; `files.unavailable`,
   * `file.too_many_transfers`, `file.too_many_readings`; `inference.cancelled`.
   */
  async inline<I extends ReadItem>(
    projectId: string,
    { history, input }: ReadItems<I>,
    signal: AbortSignal,
  ): Promise<ReadItems<I>> {
    const own = input.flatMap((item) => fileUses(item, false));
    const uses = [...history.flatMap((item) => fileUses(item, true)), ...own];
    if (uses.length === 0) return { history, input };
    assertCount(own, FILES_MAX, 'a request');
    assertCount(uses, CONTEXT_FILES_MAX, 'a request and the turns that it continues');
    const shown = await this.#showAll(projectId, uses, signal);
    const inlined = (item: I): I => withShownParts(item, shown);
    return { history: history.map(inlined), input: input.map(inlined) };
  }

  async #showAll(
    projectId: string,
    uses: readonly FileUse[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<object, ShownPart>> {
    // The first failure ends the others.
    const ending = new AbortController();
    const either = AbortSignal.any([signal, ending.signal]);
    let length = 0;
    try {
      const entries = await Promise.all(
        uses.map(async (use): Promise<[object, ShownPart]> => {
          const shown = await this.#slots.run(projectId, either, () => this.#show(projectId, use, either));
          length += shown.type === 'input_text' ? shown.text.length : (shown.image_url?.length ?? 0);
          if (length > CONTEXT_LENGTH_MAX)
            throw rejected(use, `the files have more than ${CONTEXT_LENGTH_MAX} characters together`);
          return [use.part, shown];
        }),
      );
      return new Map(entries);
    } catch (error) {
      ending.abort();
      if (signal.aborted) throw new AppError('inference.cancelled', {}, { cause: error });
      throw error;
    }
  }

  async #show(projectId: string, use: FileUse, signal: AbortSignal): Promise<ShownPart> {
    const { part } = use;
    try {
      return part.type === 'input_file'
        ? await this.#textPart(projectId, part, signal)
        : await this.#imagePart(projectId, part, signal);
    } catch (error) {
      if (!isOfFile(error)) throw error;
      if (use.isEarlier) return placeholder(use, error);
      throw error instanceof FileRejection
        ? rejected(use, `the file cannot be read: ${error.message}`, error)
        : new AppError(error.code, error.details, { param: fieldOf(use), cause: error });
    }
  }

  async #imagePart(projectId: string, part: ImagePart, signal: AbortSignal): Promise<ShownPart> {
    const file = await this.stored.get(projectId, part.file_id ?? '');
    const bytes = await this.stored.read(projectId, file, IMAGE_BYTES_MAX, signal);
    const type = imageTypeOf(bytes);
    if (type === undefined) throw new FileRejection('it is not a PNG, JPEG, GIF or WebP image');
    return { ...part, file_id: undefined, image_url: `data:${type};base64,${bytes.toString('base64')}` };
  }

  async #textPart(projectId: string, part: FilePart, signal: AbortSignal): Promise<ShownPart> {
    const { name, key, content } = await this.#source(projectId, part, signal);
    const text = await this.texts.get(projectId, key, content, signal);
    const shown = `File ${shownName(part.filename ?? name)}:\n\n${text}`;
    return { type: 'input_text', text: shown, prompt_cache_breakpoint: part.prompt_cache_breakpoint };
  }

  async #source(projectId: string, part: FilePart, signal: AbortSignal): Promise<Source> {
    const { file_id: id, file_data: data, file_url: link, filename = 'file' } = part;
    if (id !== undefined) {
      // Also if its text is kept: a deleted file is not shown any more.
      const file = await this.stored.get(projectId, id);
      const { filename: name } = file;
      const content = async (): Promise<NamedContent> => ({
        name,
        bytes: await this.stored.read(projectId, file, FILE_BYTES_MAX, signal),
      });
      return { name, key: id, content };
    }
    const content =
      link === undefined
        ? { name: filename, ...decodeFileData(data ?? '') }
        : await fetchFile(this.egress, link, signal);
    const { name, bytes, mediaType, charset } = content;
    const hash = createHash('sha256').update(bytes).digest('base64');
    // What the text is depends on these, too.
    const key = JSON.stringify([hash, mediaType, charset, isHtmlName(name)]);
    return { name, key, content: () => content };
  }
}

interface Source {
  readonly name: string;
  /** Names the content within its project. */
  readonly key: string;
  readonly content: () => NamedContent | Promise<NamedContent>;
}

/** Whether a failure is one of the file, and not of the platform or of a client that is gone. */
function isOfFile(error: unknown): error is FileRejection | AppError {
  return error instanceof FileRejection || (AppError.is(error) && error.status < 500);
}

function placeholder({ part }: FileUse, error: FileRejection | AppError): ShownPart {
  const { file_id: id = 'file' } = part;
  const name = part.type === 'input_file' ? (part.filename ?? part.file_url ?? id) : id;
  const isGone = AppError.is(error) && error.code === 'file.not_found';
  const reason = isGone ? 'it was deleted, or has expired' : error.message.replace(/\.$/, '');
  const what = part.type === 'input_file' ? 'file' : 'image';
  return { type: 'input_text', text: `[The ${what} ${shownName(name)} cannot be read any more: ${reason}.]` };
}

function assertCount(uses: readonly FileUse[], max: number, of: string): void {
  const excess = uses[max];
  if (excess !== undefined) throw rejected(excess, `at most ${max} files of ${of} are read`);
}

/** The field of the request that names the file. */
function fieldOf({ part, param, isEarlier }: FileUse): string {
  if (isEarlier) return param;
  const source = SOURCES.find((name) => name in part && part[name as keyof typeof part] !== undefined);
  return `${param}.${source}`;
}

function rejected(use: FileUse, reason: string, cause?: unknown): AppError {
  const param = fieldOf(use);
  return new AppError('request.invalid', { reason: `Invalid value for '${param}': ${reason}.` }, { param, cause });
}
