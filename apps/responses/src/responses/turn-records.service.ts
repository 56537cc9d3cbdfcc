import { Injectable } from '@nestjs/common';
import type { StoredItem } from '@xerotier/contracts/responses';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError, ensure } from '@xerotier/errors';
import type { InputItem } from '@xerotier/public-api/items';
import { setTimeout as delay } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { ConversationsService } from '../conversations/conversations.service.ts';
import { addProjectEvent } from '../project-events.ts';
import { ItemsService } from '../items/items.service.ts';
import type { Outcome, RequestedFields } from '../turns/response-object.ts';
import { sealEvents } from './event-log.ts';
import type { EventBatch } from './event-log.ts';
import { LEASE_MS } from './response-lease.ts';
import { ResponseRunsRepository } from './response-runs.repository.ts';
import { ResponsesRepository } from './responses.repository.ts';
import type { ItemsOfResponse, NewResponse, ResponseEnding } from './responses.repository.ts';
import { sealField } from './sealed-fields.ts';
import type { TurnOrigin } from './turn-origins.service.ts';

const RETRY_MS = 500;

export interface NewTurn {
  readonly projectId: string;
  readonly id: string;
  readonly createdAt: Date;
  readonly origin: TurnOrigin;
  /** Whether its events are kept. */
  readonly streamed: boolean;
  readonly background: boolean;
  /** Whether it is kept after it has ended. */
  readonly stored: boolean;
  /** Of the process that runs it. */
  readonly fence: number;
  readonly input: readonly InputItem[];
  /** What the response repeats of its request. */
  readonly requested: RequestedFields;
}

/** Stores turns with their items encrypted: how they begin, and how they end. */
@Injectable()
export class TurnRecords {
  constructor(
    private readonly responses: ResponsesRepository,
    private readonly runs: ResponseRunsRepository,
    private readonly items: ItemsService,
    private readonly conversations: ConversationsService,
    private readonly dataKeys: DataKeysService,
  ) {}

  /**
   * Stores a response that begins, or with a job, that waits to be run.
   * @throws {AppError} `response.previous_not_found` if it was deleted meanwhile, `item.not_found`, `db.unavailable`.
   */
  async begin(turn: NewTurn, { job, events = [] }: { job?: unknown; events?: readonly string[] } = {}): Promise<void> {
    const { projectId } = turn;
    const key = await this.dataKeys.getOrCreate(projectId);
    const row = {
      ...newRow(turn, key),
      status: job === undefined ? ('in_progress' as const) : ('queued' as const),
      job: job === undefined ? null : sealField(key, turn, 'job', job),
      leaseMs: job === undefined ? LEASE_MS : undefined,
    };
    await this.responses.transaction(projectId, async (manager) => {
      await this.#insert(manager, turn, row, []);
      if (events.length === 0) return;
      const content = sealEvents(key, turn, 0, events);
      await this.runs.insertEvents(manager, turn, { first: 0, last: events.length - 1, content });
    });
  }

  /**
   * Stores how a response that has begun has ended, and adds its items to its conversation.
   * @throws {AppError} `response.lost` for one that has ended, was deleted, or that another process runs, `outbox.full`, `db.unavailable`.
   */
  async end(
    turn: NewTurn,
    output: readonly StoredItem[],
    outcome: Outcome,
    events: readonly EventBatch[] = [],
  ): Promise<void> {
    const { projectId } = turn;
    const key = await this.dataKeys.get(projectId);
    const ending = endingOf(turn, output, outcome, key);
    const { rows, items } = await this.items.prepare(projectId, output);
    const ids = items.map(({ id }) => id);
    const links = { rows, ids, first: turn.input.length, outputFrom: turn.input.length };
    await persistently(() =>
      this.responses.transaction(projectId, async (manager) => {
        if (!(await this.responses.end(manager, turn, ending, links))) {
          // The connection may have been lost after the commit.
          if (await this.#hasEnded(manager, turn, ending)) return;
          throw new AppError('response.lost');
        }
        await Promise.all([
          ...events.map((batch) => this.runs.insertEvents(manager, turn, batch)),
          this.#addToConversation(manager, turn, outcome),
          addProjectEvent(manager, `response.${outcome.status}`, projectId, turn.id),
        ]);
      }),
    );
  }

  /**
   * Stores a response that nobody has seen before it has ended: `begin` and `end` at once.
   * @throws {AppError} `response.previous_not_found` if it was deleted meanwhile, `item.not_found`, `outbox.full`, `db.unavailable`.
   */
  async store(turn: NewTurn, output: readonly StoredItem[], outcome: Outcome): Promise<void> {
    const { projectId, origin } = turn;
    const key = await this.dataKeys.getOrCreate(projectId);
    const { bytes, ...ending } = endingOf(turn, output, outcome, key);
    const row = { ...newRow(turn, key), ...ending, bytes: String(origin.bytes + bytes) };
    let isRepeated = false;
    await persistently(() =>
      this.responses.transaction(projectId, async (manager) => {
        // The connection may have been lost after the commit.
        if (isRepeated && (await this.#hasEnded(manager, turn, ending))) return;
        isRepeated = true;
        await Promise.all([
          this.#insert(manager, turn, row, output).then(() => this.#addToConversation(manager, turn, outcome)),
          addProjectEvent(manager, `response.${outcome.status}`, projectId, turn.id),
        ]);
      }),
    );
  }

  async #insert(manager: EntityManager, turn: NewTurn, row: NewResponse, output: readonly StoredItem[]): Promise<void> {
    const { projectId, origin } = turn;
    if (origin.previousId !== undefined) {
      const previous = await this.responses.findAndKeep(manager, { projectId, id: origin.previousId });
      ensure(previous, 'response.previous_not_found', { response: origin.previousId });
    }
    await this.responses.insert(manager, row, await this.#itemsOf(manager, turn, output));
  }

  async #itemsOf(
    manager: EntityManager,
    { projectId, input }: NewTurn,
    output: readonly StoredItem[],
  ): Promise<ItemsOfResponse> {
    const references = input.flatMap((item) => (item.type === 'item_reference' ? [item.id] : []));
    const kept = references.length === 0 ? new Map() : await this.items.findAndKeep(manager, projectId, references);
    const { rows, items } = await this.items.prepare(projectId, [
      ...input.filter((item) => item.type !== 'item_reference'),
      ...output,
    ]);
    const next = items.values();
    const ids = [...input, ...output].map((item) => {
      if (item.type !== 'item_reference') return (next.next().value as StoredItem).id;
      if (!kept.has(item.id)) throw new AppError('item.not_found', { item: item.id });
      return item.id;
    });
    return { rows, ids, first: 0, outputFrom: input.length };
  }

  async #hasEnded(
    manager: EntityManager,
    turn: NewTurn,
    { outcome }: Pick<ResponseEnding, 'outcome'>,
  ): Promise<boolean> {
    const stored = await this.responses.find(manager, turn);
    return stored?.outcome?.equals(outcome) === true;
  }

  async #addToConversation(manager: EntityManager, turn: NewTurn, { status }: Outcome): Promise<void> {
    const { projectId, origin } = turn;
    if (origin.conversationId === undefined || (status !== 'completed' && status !== 'incomplete')) return;
    const itemIds = await this.responses.itemIds(manager, turn);
    await this.conversations.addStored(manager, { projectId, id: origin.conversationId }, itemIds);
  }
}

/** Tries for as long as a lease lasts: what the model has written would be lost. */
async function persistently(work: () => Promise<void>): Promise<void> {
  const triedUntil = performance.now() + LEASE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const { code, retryable } = AppError.from(error);
      if (!retryable || code === 'response.lost' || performance.now() > triedUntil) throw error;
      await delay(RETRY_MS);
    }
  }
}

function newRow(turn: NewTurn, key: Buffer): Omit<NewResponse, 'status'> {
  const { projectId, id, origin, createdAt, streamed, background, stored, fence } = turn;
  return {
    ...{ projectId, id, createdAt, streamed, background, stored, fence },
    content: sealField(key, turn, 'content', turn.requested),
    job: null,
    outcome: null,
    previousId: origin.previousId ?? null,
    conversationId: origin.conversationId ?? null,
    conversationEnd: origin.conversationEnd,
    turns: origin.turns + 1,
    bytes: String(origin.bytes),
    endedAt: null,
    leaseMs: undefined,
  };
}

function endingOf(turn: NewTurn, output: readonly StoredItem[], outcome: Outcome, key: Buffer): ResponseEnding {
  return {
    status: outcome.status,
    outcome: sealField(key, turn, 'outcome', outcome),
    endedAt: new Date(outcome.endedAt),
    bytes: Buffer.byteLength(JSON.stringify(output)) + Buffer.byteLength(JSON.stringify(turn.input)),
  };
}
