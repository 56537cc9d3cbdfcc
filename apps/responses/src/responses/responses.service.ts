import { Injectable } from '@nestjs/common';
import type { storedResponsesContract, StoredItem } from '@xerotier/contracts/responses';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError, ensure } from '@xerotier/errors';
import type { InputItem } from '@xerotier/public-api/items';
import type { PublicResponse } from '@xerotier/public-api/responses';
import { open, seal } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { ConversationsService, ITEMS_MAX, PAGE_BYTES_MAX } from '../conversations/conversations.service.ts';
import { addProjectEvent } from '../events/project-events.ts';
import { ItemsService } from '../items/items.service.ts';
import { earlierOutputOf } from '../turns/earlier-output.ts';
import { ResponseEvents } from '../turns/response-events.ts';
import { failureOf, keptOutput, responseObject } from '../turns/response-object.ts';
import type { Outcome, RequestedFields } from '../turns/response-object.ts';
import { sealEvents } from './event-log.ts';
import type { EventBatch } from './event-log.ts';
import { eventsIn } from './event-logs.ts';
import { LEASE_MS } from './response-lease.ts';
import { ResponseRunsRepository } from './response-runs.repository.ts';
import type { ResponseClaim } from './response-runs.repository.ts';
import type { Response } from './response.entity.ts';
import { ResponsesRepository } from './responses.repository.ts';
import type { ResponseEnding, ResponseKey } from './responses.repository.ts';

type Operations = typeof storedResponsesContract.operations;
export type Input<Name extends keyof Operations> = z.output<Operations[Name]['input']>;

/** Of a chain. */
export const TURNS_MAX = 10_000;
/** Of the items of a chain and of the conversation before it: several times what the longest context of a model has. */
export const CONTEXT_BYTES_MAX = 64 * 1024 ** 2;

const END_RETRY_MS = 500;

/** What a turn continues from: a response, a conversation, or nothing. */
export interface TurnOrigin {
  readonly previousId: string | undefined;
  readonly conversationId: string | undefined;
  /** Items of the conversation from this position on come later. */
  readonly conversationEnd: string | null;
  readonly turns: number;
  readonly bytes: number;
}

export interface TurnContext {
  readonly origin: TurnOrigin;
  /** The items before those of the request. */
  readonly history: readonly StoredItem[];
  /** The items that the request refers to, by id. */
  readonly referenced: ReadonlyMap<string, StoredItem>;
}

export interface NewTurn {
  readonly projectId: string;
  readonly id: string;
  readonly createdAt: Date;
  readonly origin: TurnOrigin;
  /** Whether its events are kept. */
  readonly streamed: boolean;
  readonly background: boolean;
  /** Of the process that runs it. */
  readonly fence: number;
  readonly input: readonly InputItem[];
  /** What the response repeats of its request. */
  readonly requested: RequestedFields;
}

export interface TurnRequest {
  readonly projectId: string;
  readonly previousId: string | undefined;
  readonly conversationId: string | undefined;
  readonly input: readonly InputItem[];
}

export function newResponseId(): string {
  return `resp_${randomBytes(24).toString('hex')}`;
}

/** Stores responses with their items encrypted, and reads what they continue from. */
@Injectable()
export class ResponsesService {
  constructor(
    private readonly responses: ResponsesRepository,
    private readonly items: ItemsService,
    private readonly conversations: ConversationsService,
    private readonly runs: ResponseRunsRepository,
    private readonly dataKeys: DataKeysService,
  ) {}

  /**
   * Reads what a turn continues from.
   * @throws {AppError} `response.previous_not_found`, `response.not_ended`, `response.too_deep`, `response.context_too_large`,
   * `conversation.not_found`, `conversation.too_many_items`, `item.not_found`, `db.unavailable`.
   */
  async readContext(request: TurnRequest): Promise<TurnContext> {
    const { projectId, input } = request;
    const references = input.flatMap((item, at) => (item.type === 'item_reference' ? [{ id: item.id, at }] : []));
    if (request.previousId === undefined && request.conversationId === undefined && references.length === 0)
      return { origin: ORIGIN_OF_NOTHING, history: [], referenced: new Map() };
    return this.responses.transaction(projectId, async (manager) => {
      const { origin, history } = await this.#readOrigin(manager, request);
      const referenced = await this.items.find(
        manager,
        projectId,
        references.map(({ id }) => id),
      );
      const missing = references.find(({ id }) => !referenced.has(id));
      if (missing !== undefined)
        throw new AppError('item.not_found', { item: missing.id }, { param: `input[${missing.at}].id` });
      return { origin, history, referenced };
    });
  }

  /**
   * Stores a response that begins, or with a job, that waits to be run.
   * @throws {AppError} `response.previous_not_found` if it was deleted meanwhile, `item.not_found`, `db.unavailable`.
   */
  async begin(turn: NewTurn, { job, events = [] }: { job?: unknown; events?: readonly string[] } = {}): Promise<void> {
    const { projectId, id, origin, createdAt, streamed, background, fence } = turn;
    const key = await this.dataKeys.getOrCreate(projectId);
    const content = seal(key, JSON.stringify(turn.requested), contentContext(turn));
    await this.responses.transaction(projectId, async (manager) => {
      if (origin.previousId !== undefined) {
        const previous = await this.responses.findAndKeep(manager, { projectId, id: origin.previousId });
        ensure(previous, 'response.previous_not_found', { response: origin.previousId });
      }
      await this.responses.insert(manager, {
        ...{ projectId, id, content, createdAt, streamed, background, fence },
        status: job === undefined ? 'in_progress' : 'queued',
        job: job === undefined ? null : seal(key, JSON.stringify(job), jobContext(turn)),
        previousId: origin.previousId ?? null,
        conversationId: origin.conversationId ?? null,
        conversationEnd: origin.conversationEnd,
        turns: origin.turns + 1,
        bytes: String(origin.bytes),
        leaseMs: job === undefined ? LEASE_MS : undefined,
      });
      const itemIds = await this.#storeInput(manager, turn);
      await this.responses.addItems(manager, turn, { itemIds, first: 0, isOutput: false });
      if (events.length === 0) return;
      const sealedEvents = sealEvents(key, turn, 0, events);
      await this.runs.insertEvents(manager, turn, { first: 0, last: events.length - 1, content: sealedEvents });
    });
  }

  /**
   * Stores how a response has ended, and adds its items to its conversation. It is tried for as long as the lease lasts: what the model
   * has written would be lost.
   * @throws {AppError} `response.lost` for one that has ended, was deleted, or that another process runs, `outbox.full`, `db.unavailable`.
   */
  async end(
    turn: NewTurn,
    output: readonly StoredItem[],
    outcome: Outcome,
    events: readonly EventBatch[] = [],
  ): Promise<void> {
    const key = await this.dataKeys.get(turn.projectId);
    const bytes = Buffer.byteLength(JSON.stringify(output)) + Buffer.byteLength(JSON.stringify(turn.input));
    const sealed = seal(key, JSON.stringify(outcome), outcomeContext(turn));
    const ending = { status: outcome.status, outcome: sealed, endedAt: new Date(outcome.endedAt), bytes };
    const triedUntil = performance.now() + LEASE_MS;
    for (;;) {
      try {
        return await this.#end(turn, output, ending, events);
      } catch (error) {
        const { code, retryable } = AppError.from(error);
        if (!retryable || code === 'response.lost' || performance.now() > triedUntil) throw error;
        await delay(END_RETRY_MS);
      }
    }
  }

  async #end(
    turn: NewTurn,
    output: readonly StoredItem[],
    ending: ResponseEnding,
    events: readonly EventBatch[],
  ): Promise<void> {
    const { projectId, id, origin } = turn;
    const { status } = ending;
    await this.responses.transaction(projectId, async (manager) => {
      if (!(await this.responses.end(manager, turn, ending))) {
        // The connection may have been lost after the commit.
        const stored = await this.responses.find(manager, turn);
        if (stored?.outcome?.equals(ending.outcome) === true) return;
        throw new AppError('response.lost');
      }
      const itemIds = (await this.items.create(manager, projectId, output)).map((item) => item.id);
      await this.responses.addItems(manager, turn, { itemIds, first: turn.input.length, isOutput: true });
      if (origin.conversationId !== undefined && (status === 'completed' || status === 'incomplete'))
        await this.conversations.addStored(
          manager,
          { projectId, id: origin.conversationId },
          await this.responses.itemIds(manager, turn),
        );
      for (const batch of events) await this.runs.insertEvents(manager, turn, batch);
      await addProjectEvent(manager, `response.${status as Outcome['status']}`, projectId, id);
    });
  }

  /** Returns a response that clients may see. @throws {AppError} `db.unavailable`. */
  find(key: ResponseKey): Promise<Response | null> {
    return this.responses.transaction(key.projectId, (manager) => this.responses.find(manager, key));
  }

  /** Returns what a response in the background needs to run. @throws {AppError} `db.unavailable`. */
  async openJob<Job>(response: Response): Promise<{ job: Job; requested: RequestedFields }> {
    const key = await this.dataKeys.get(response.projectId);
    return {
      job: opened<Job>(key, response.job as Buffer, jobContext(response)),
      requested: opened<RequestedFields>(key, response.content as Buffer, contentContext(response)),
    };
  }

  /** Ends a response that its process does not run any more. Returns whether it did. @throws {AppError} `outbox.full`, `db.unavailable`. */
  async endInterrupted({ projectId, id, fence }: ResponseClaim, error: AppError): Promise<boolean> {
    return this.responses.transaction(projectId, async (manager) => {
      const response = await this.responses.lock(manager, { projectId, id });
      if (response === null || response.fence !== fence || response.endedAt !== null) return false;
      await this.#endAsWritten(manager, response, failureOf(error));
      return true;
    });
  }

  /**
   * Cancels a response in the background, and returns it. One that has ended is returned as it is.
   * @throws {AppError} `response.not_found`, `response.not_cancellable`, `outbox.full`, `db.unavailable`.
   */
  async cancel(key: ResponseKey): Promise<PublicResponse> {
    await this.responses.transaction(key.projectId, async (manager) => {
      const response = ensure(await this.responses.lock(manager, key), 'response.not_found', { response: key.id });
      if (!response.background) throw new AppError('response.not_cancellable');
      if (response.endedAt === null)
        await this.#endAsWritten(manager, response, failureOf(new AppError('inference.cancelled')));
    });
    return this.get(key);
  }

  /** Returns the response object with everything that can be included. @throws {AppError} `response.not_found`, `db.unavailable`. */
  async get(key: Input<'get'>): Promise<PublicResponse> {
    const { projectId } = key;
    return this.responses.transaction(projectId, async (manager) => {
      const response = ensure(await this.responses.find(manager, key), 'response.not_found', { response: key.id });
      const itemIds = await this.responses.itemIds(manager, response, { isOutput: true });
      const output = await this.items.read(manager, projectId, itemIds);
      const dataKey = await this.dataKeys.get(projectId);
      const requested = opened<RequestedFields>(dataKey, response.content as Buffer, contentContext(response));
      const outcome =
        response.outcome === null ? undefined : opened<Outcome>(dataKey, response.outcome, outcomeContext(response));
      return responseObject(requested, response.status, output, outcome);
    });
  }

  /** Deletes its items too, if nothing else needs them. @throws {AppError} `response.not_found`, `db.unavailable`. */
  async delete(key: Input<'delete'>): Promise<void> {
    await this.responses.transaction(key.projectId, async (manager) => {
      ensure(await this.responses.lock(manager, key), 'response.not_found', { response: key.id });
      const itemIds = await this.responses.delete(manager, key);
      if (itemIds.length > 0) await this.items.deleteUnneeded(manager, key.projectId, itemIds);
    });
  }

  /** Deletes at most so many responses that are older than so many days, as `delete` does. Returns how many. @throws {AppError} `db.unavailable`. */
  deleteOlder(projectId: string, days: number, max: number): Promise<number> {
    return this.responses.transaction(projectId, async (manager) => {
      const ids = await this.responses.lockOlder(manager, projectId, days, max);
      const itemIds: string[] = [];
      for (const id of ids) itemIds.push(...(await this.responses.delete(manager, { projectId, id })));
      if (itemIds.length > 0) await this.items.deleteUnneeded(manager, projectId, itemIds);
      return ids.length;
    });
  }

  /** @throws {AppError} `response.not_found`, `list.unknown_cursor`, `db.unavailable`. */
  async listInputItems({
    projectId,
    id,
    ...page
  }: Input<'listInputItems'>): Promise<{ items: StoredItem[]; hasMore: boolean }> {
    return this.responses.transaction(projectId, async (manager) => {
      ensure(await this.responses.find(manager, { projectId, id }), 'response.not_found', { response: id });
      const { ids, hasMore } = await this.responses.listInput(manager, { projectId, id }, page, PAGE_BYTES_MAX);
      return { items: await this.items.read(manager, projectId, ids), hasMore };
    });
  }

  /** Ends a locked response with what its events have of its output. */
  async #endAsWritten(manager: EntityManager, response: Response, outcome: Outcome): Promise<void> {
    const { projectId, id, streamed } = response;
    const key = await this.dataKeys.get(projectId);
    const sealed = seal(key, JSON.stringify(outcome), outcomeContext(response));
    const { status } = outcome;
    const rows = streamed ? await this.runs.eventsAfter(manager, response, -1) : [];
    const written = rows.flatMap((row) => eventsIn(key, row)).map(({ json }) => json);
    const { events: first, items: begun, closing } = earlierOutputOf(written);
    const items = keptOutput(outcome, begun);
    const bytes = Buffer.byteLength(JSON.stringify(items));
    await this.responses.end(manager, response, {
      ...{ status, outcome: sealed, endedAt: new Date(outcome.endedAt), bytes },
    });
    if (streamed) {
      const requested = opened<RequestedFields>(key, response.content as Buffer, contentContext(response));
      const added: string[] = [];
      const events = new ResponseEvents({ first, visible: (item) => item, write: (json) => added.push(json) });
      if (written.length === 0) events.response('created', responseObject(requested, 'in_progress', [], undefined));
      for (const event of closing) events.turn(event);
      added.push(events.ending('failed', responseObject(requested, status, items, outcome)));
      const content = sealEvents(key, response, first, added);
      await this.runs.insertEvents(manager, response, { first, last: first + added.length - 1, content });
      const inputCount = (await this.responses.itemIds(manager, response)).length;
      const itemIds = (await this.items.create(manager, projectId, items)).map((item) => item.id);
      await this.responses.addItems(manager, response, { itemIds, first: inputCount, isOutput: true });
    }
    await addProjectEvent(manager, `response.${status}`, projectId, id);
  }

  async #readOrigin(
    manager: EntityManager,
    request: TurnRequest,
  ): Promise<{ origin: TurnOrigin; history: StoredItem[] }> {
    const { projectId, previousId, conversationId } = request;
    if (previousId !== undefined) {
      const previous = await this.responses.find(manager, { projectId, id: previousId });
      const { turns, bytes, status } = ensurePrevious(previous, previousId);
      if (status === 'queued' || status === 'in_progress')
        throw new AppError('response.not_ended', { response: previousId }, { param: 'previous_response_id' });
      if (turns >= TURNS_MAX)
        throw new AppError('response.too_deep', { max: TURNS_MAX }, { param: 'previous_response_id' });
      throwIfTooLarge(Number(bytes), 'previous_response_id');
      const rows = await this.responses.readContext(manager, { projectId, id: previousId });
      const history = await this.items.open(projectId, rows);
      const origin = { previousId, conversationId: undefined, conversationEnd: null, turns, bytes: Number(bytes) };
      return { origin, history };
    }
    if (conversationId === undefined) return { origin: ORIGIN_OF_NOTHING, history: [] };
    const conversation = await this.conversations.find(manager, { projectId, id: conversationId });
    if (conversation === null)
      throw new AppError('conversation.not_found', { conversation: conversationId }, { param: 'conversation' });
    if (conversation.items >= ITEMS_MAX)
      throw new AppError('conversation.too_many_items', { max: ITEMS_MAX }, { param: 'conversation' });
    const bytes = Number(conversation.bytes);
    throwIfTooLarge(bytes, 'conversation');
    const history = await this.conversations.readAll(manager, conversation);
    const origin = {
      previousId: undefined,
      conversationId,
      conversationEnd: conversation.nextPosition,
      turns: 0,
      bytes,
    };
    return { origin, history };
  }

  /** Returns the ids of the items of the input, in their order. */
  async #storeInput(manager: EntityManager, { projectId, input }: NewTurn): Promise<string[]> {
    const references = input.flatMap((item) => (item.type === 'item_reference' ? [item.id] : []));
    const kept = references.length === 0 ? new Map() : await this.items.findAndKeep(manager, projectId, references);
    const created = await this.items.create(
      manager,
      projectId,
      input.filter((item) => item.type !== 'item_reference'),
    );
    const next = created.values();
    return input.map((item) => {
      if (item.type !== 'item_reference') return (next.next().value as StoredItem).id;
      if (!kept.has(item.id)) throw new AppError('item.not_found', { item: item.id });
      return item.id;
    });
  }
}

const ORIGIN_OF_NOTHING: TurnOrigin = {
  previousId: undefined,
  conversationId: undefined,
  conversationEnd: null,
  turns: 0,
  bytes: 0,
};

function ensurePrevious(previous: Response | null, id: string): Response {
  if (previous === null)
    throw new AppError('response.previous_not_found', { response: id }, { param: 'previous_response_id' });
  return previous;
}

function throwIfTooLarge(bytes: number, param: string): void {
  if (bytes > CONTEXT_BYTES_MAX)
    throw new AppError('response.context_too_large', { bytesMax: CONTEXT_BYTES_MAX }, { param });
}

function opened<T>(key: Buffer, sealed: Buffer, context: EncryptionContext): T {
  return JSON.parse(open(key, sealed, context).toString('utf8')) as T;
}

/** The content of another response or project does not open with this context. */
function contentContext({ projectId, id }: ResponseKey): EncryptionContext {
  return ['responses.response', 'content', projectId, id];
}

function jobContext({ projectId, id }: ResponseKey): EncryptionContext {
  return ['responses.response', 'job', projectId, id];
}

function outcomeContext({ projectId, id }: ResponseKey): EncryptionContext {
  return ['responses.response', 'outcome', projectId, id];
}
