import type { AppError } from '@xerotier/errors';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GenerationOutput } from '../generations.service.ts';

/** The caller's side of a generation: records what it receives, and can hold the worker back. */
export class RecordingCaller implements GenerationOutput {
  readonly heads: unknown[] = [];
  readonly frames: unknown[] = [];
  readonly #abort = new AbortController();
  #held: Promise<void> | undefined;
  release: () => void = () => undefined;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(reason: AppError): void {
    this.#abort.abort(reason);
    this.release();
  }

  head(head: object): void {
    this.heads.push(head);
  }

  data(payload: Uint8Array): void {
    this.frames.push(JSON.parse(Buffer.from(payload).toString()));
  }

  paused(): Promise<void> | undefined {
    return this.#held;
  }

  hold(): void {
    this.#held = new Promise((resolve) => (this.release = resolve));
  }

  /** Resolves once this many frames were received. */
  async received(frames: number): Promise<void> {
    while (this.frames.length < frames) await nextTurn();
  }
}
