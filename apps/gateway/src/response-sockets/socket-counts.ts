import type { Access } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';

export interface SocketLimits {
  readonly perProjectMax: number;
  readonly perKeyMax: number;
}

/** Counts the open WebSockets of each project and key. */
export class SocketCounts {
  readonly #limits: SocketLimits;
  readonly #counts = new Map<string, number>();

  constructor(limits: SocketLimits) {
    this.#limits = limits;
  }

  /**
   * Adds one. Returns a function that removes it.
   * @throws {AppError} `websocket.too_many_of_project`, `websocket.too_many_of_key`.
   */
  add({ project, keyId }: Pick<Access, 'project' | 'keyId'>): () => void {
    const { perProjectMax, perKeyMax } = this.#limits;
    if (this.#of(project.id) >= perProjectMax)
      throw new AppError('websocket.too_many_of_project', { max: perProjectMax });
    if (this.#of(keyId) >= perKeyMax) throw new AppError('websocket.too_many_of_key', { max: perKeyMax });
    this.#change(project.id, 1);
    this.#change(keyId, 1);
    return () => {
      this.#change(project.id, -1);
      this.#change(keyId, -1);
    };
  }

  #of(id: string): number {
    return this.#counts.get(id) ?? 0;
  }

  #change(id: string, by: number): void {
    const count = this.#of(id) + by;
    if (count === 0) this.#counts.delete(id);
    else this.#counts.set(id, count);
  }
}
