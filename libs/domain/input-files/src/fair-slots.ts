/** Runs a bounded amount of work at once, of which one project gets at most a share. */
import { AppError } from '@xerotier/errors';

export interface SlotLimits {
  readonly max: number;
  /** Of one project. */
  readonly perProject: number;
  /** How much work of one project waits. */
  readonly waitingPerProject: number;
}

interface Waiting {
  readonly projectId: string;
  readonly start: () => void;
}

export class FairSlots {
  readonly #limits: SlotLimits;
  readonly #running = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #total = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** Waits for a slot, in the order of arrival. @throws {AppError} `file.too_many_readings`; the reason of the signal; what the work throws. */
  async run<T>(projectId: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#slot(projectId, signal);
    try {
      return await work();
    } finally {
      this.#release(projectId);
    }
  }

  #slot(projectId: string, signal: AbortSignal): Promise<void> | undefined {
    signal.throwIfAborted();
    if (this.#isFree(projectId)) return void this.#take(projectId);
    const waiting = [...this.#waiting].filter((other) => other.projectId === projectId).length;
    if (waiting >= this.#limits.waitingPerProject) throw new AppError('file.too_many_readings');
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(entry);
        reject(signal.reason as Error);
      };
      const start = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const entry = { projectId, start };
      this.#waiting.add(entry);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #isFree(projectId: string): boolean {
    return this.#total < this.#limits.max && (this.#running.get(projectId) ?? 0) < this.#limits.perProject;
  }

  #take(projectId: string): void {
    this.#total += 1;
    this.#running.set(projectId, (this.#running.get(projectId) ?? 0) + 1);
  }

  #release(projectId: string): void {
    this.#total -= 1;
    const left = (this.#running.get(projectId) ?? 1) - 1;
    if (left === 0) this.#running.delete(projectId);
    else this.#running.set(projectId, left);
    for (const entry of this.#waiting) {
      if (!this.#isFree(entry.projectId)) continue;
      this.#waiting.delete(entry);
      this.#take(entry.projectId);
      entry.start();
      return;
    }
  }
}
