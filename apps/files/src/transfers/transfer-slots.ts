import { AppError } from '@xerotier/errors';

const RETRY_AFTER_SECONDS = 1;

/** Bounds the transfers of an instance, and what else reads whole files; a project may have half of them. */
export class TransferSlots {
  readonly #max: number;
  readonly #projectMax: number;
  readonly #ofProjects = new Map<string, number>();
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
    this.#projectMax = Math.max(1, Math.ceil(max / 2));
  }

  /** @throws {AppError} `file.too_many_transfers`. */
  assertFree(projectId: string): void {
    if (this.#taken >= this.#max || this.#of(projectId) >= this.#projectMax)
      throw new AppError('file.too_many_transfers', {}, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }

  /** Returns what gives the slot back. @throws {AppError} `file.too_many_transfers`. */
  take(projectId: string): () => void {
    this.assertFree(projectId);
    this.#taken += 1;
    this.#ofProjects.set(projectId, this.#of(projectId) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#taken -= 1;
      const left = this.#of(projectId) - 1;
      if (left > 0) this.#ofProjects.set(projectId, left);
      else this.#ofProjects.delete(projectId);
    };
  }

  #of(projectId: string): number {
    return this.#ofProjects.get(projectId) ?? 0;
  }
}
