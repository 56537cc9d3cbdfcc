import { Injectable } from '@nestjs/common';
import { AppError } from '@xerotier/errors';

/** Of one gateway. Each has a page of output in memory, and a connection. */
const READERS_MAX = 256;
const READERS_OF_PROJECT_MAX = 16;

/** Bounds the outputs of batches that are read at the same time, and ends them when the gateway stops. */
@Injectable()
export class OutputReaders {
  readonly #count = new Map<string, number>();
  #all = 0;

  /**
   * @returns a function to be called when the reader has ended, once.
   * @throws {AppError} `batch.project_readers_exceeded`, `batch.too_many_readers`.
   */
  add(projectId: string): () => void {
    const count = this.#count.get(projectId) ?? 0;
    if (count >= READERS_OF_PROJECT_MAX)
      throw new AppError('batch.project_readers_exceeded', { max: READERS_OF_PROJECT_MAX });
    if (this.#all >= READERS_MAX) throw new AppError('batch.too_many_readers');
    this.#all += 1;
    this.#count.set(projectId, count + 1);
    return () => this.#remove(projectId);
  }

  #remove(projectId: string): void {
    this.#all -= 1;
    const left = (this.#count.get(projectId) ?? 0) - 1;
    if (left > 0) this.#count.set(projectId, left);
    else this.#count.delete(projectId);
  }
}
