import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { CompletionLog } from './completion-log.ts';

/** How long events can be read after the end of their completion. */
export const EVENTS_KEPT_MS = 10 * 60_000;
/** Of all completions of this gateway. */
export const BYTES_MAX = 64 * 1_024 ** 2;
const PURGE_MS = 30_000;

interface Entry {
  readonly projectId: string;
  readonly endpointId: string;
  readonly log: CompletionLog;
}

/** A completion in a project; with an endpoint only if it is served by that endpoint. */
export interface LogAddress {
  readonly completionId: string;
  readonly projectId: string;
  readonly endpointId?: string | undefined;
}

/**
 * The events of streamed completions that are stored: while they run, and for some time afterwards. In memory, since whoever misses them
 * retrieves the completion. When there are too many, those that have ended first are dropped, and then those that have begun first.
 */
@Injectable()
export class CompletionLogs implements OnModuleDestroy {
  readonly #entries = new Map<string, Entry>();
  readonly #timer = setInterval(() => this.#purge(), PURGE_MS).unref();
  #bytes = 0;

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }

  begin({ completionId, projectId, endpointId }: LogAddress & { readonly endpointId: string }): CompletionLog {
    const log = new CompletionLog((bytes) => this.#added(bytes));
    this.#entries.set(completionId, { projectId, endpointId, log });
    return log;
  }

  /** Returns undefined if it is not kept, or belongs to another project or endpoint. */
  find({ completionId, projectId, endpointId }: LogAddress): CompletionLog | undefined {
    const entry = this.#entries.get(completionId);
    if (entry?.projectId !== projectId || (endpointId !== undefined && entry.endpointId !== endpointId))
      return undefined;
    return entry.log;
  }

  drop(completionId: string): void {
    const entry = this.#entries.get(completionId);
    if (entry === undefined) return;
    this.#entries.delete(completionId);
    this.#bytes -= entry.log.bytes;
    entry.log.drop();
  }

  #added(bytes: number): void {
    this.#bytes += bytes;
    while (this.#bytes > BYTES_MAX) {
      const [oldest] = [...this.#entries].toSorted(([, a], [, b]) => endOf(a) - endOf(b));
      if (oldest === undefined) return;
      this.drop(oldest[0]);
    }
  }

  #purge(): void {
    const before = performance.now() - EVENTS_KEPT_MS;
    for (const [id, { log }] of this.#entries) if (log.endedAt !== undefined && log.endedAt < before) this.drop(id);
  }
}

function endOf({ log }: Entry): number {
  return log.endedAt ?? Infinity;
}
