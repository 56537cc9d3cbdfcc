/** The texts of files. They are kept for a while: each turn of a chain needs those of all earlier turns. */
import { LRUCache } from 'lru-cache';
import { extractText } from './extraction/extract-text.ts';
import { TEXT_LENGTH_MAX } from './extraction/messages.ts';
import { FairSlots } from './fair-slots.ts';
import { decodeText, imageTypeOf, isHtml, isPdf } from './file-kind.ts';
import { FileRejection } from './file-rejection.ts';
import { metrics } from './metrics.ts';
import type { NamedContent } from './named-content.ts';

/** Of all texts together, in characters. */
const KEPT_LENGTH_MAX = 32_000_000;
/** An unreadable file counts as much, so that it is not read for each request. */
const REJECTION_LENGTH = 1_000;
const KEPT_MS = 30 * 60_000;
const REJECTION_KEPT_MS = 5 * 60_000;
const WAITING_PER_PROJECT_MAX = 256;

export class FileTexts {
  readonly #kept = new LRUCache<string, string | FileRejection>({
    maxSize: KEPT_LENGTH_MAX,
    ttl: KEPT_MS,
    sizeCalculation: (value) => (typeof value === 'string' ? value.length + 1 : REJECTION_LENGTH),
  });
  readonly #processes: FairSlots;

  constructor(processesMax: number) {
    this.#processes = new FairSlots({
      max: processesMax,
      perProject: Math.ceil(processesMax / 2),
      waitingPerProject: WAITING_PER_PROJECT_MAX,
    });
  }

  /**
   * Returns the text that is kept by this key, or that of the content.
   * @param key names the content, and the project that has it.
   * @throws {FileRejection} for a file without a text that models can be shown.
   * @throws {AppError} `file.too_many_readings`; what `content` throws; the reason of the signal.
   */
  async get(
    projectId: string,
    key: string,
    content: () => NamedContent | Promise<NamedContent>,
    signal: AbortSignal,
  ): Promise<string> {
    const id = `${projectId} ${key}`;
    const kept = this.#kept.get(id);
    if (kept !== undefined) {
      metrics.texts.labels('kept').inc();
      if (typeof kept === 'string') return kept;
      throw kept;
    }
    try {
      const text = await this.#read(projectId, await content(), signal);
      metrics.texts.labels('read').inc();
      this.#kept.set(id, text);
      return text;
    } catch (error) {
      if (error instanceof FileRejection) {
        metrics.texts.labels('rejected').inc();
        this.#kept.set(id, error, { ttl: REJECTION_KEPT_MS });
      }
      throw error;
    }
  }

  async #read(projectId: string, content: NamedContent, signal: AbortSignal): Promise<string> {
    const { bytes } = content;
    const extract = (file: Parameters<typeof extractText>[0]): Promise<string> =>
      this.#processes.run(projectId, signal, () => extractText(file, signal));
    if (isPdf(bytes)) return extract({ type: 'pdf', bytes });
    if (imageTypeOf(bytes) !== undefined) throw new FileRejection('it is an image: send it as `input_image`');
    const text = decodeText(content);
    if (text === undefined) throw new FileRejection('it is neither a PDF nor a text in UTF-8');
    if (isHtml(content, text)) return extract({ type: 'html', text });
    if (text.length > TEXT_LENGTH_MAX)
      throw new FileRejection(`it has more than ${TEXT_LENGTH_MAX} characters of text`);
    return text;
  }
}
