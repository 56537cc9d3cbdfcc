/**
 * Sessions of signed-in users by their token. A session that auth has returned is cached for 30 s, and dropped immediately when auth
 * publishes that it has ended or that its account has changed.
 */
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { accountsContract, sessionsChanged } from '@xerotier/contracts/auth';
import type { ActiveSession, MemberAccess } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { Serving } from '@xerotier/nats';
import { LRUCache } from 'lru-cache';

const CACHE_TTL_MS = 30_000;
/** Sessions are of people: far fewer than keys. The cache allocates its space at once. */
const ENTRIES_MAX = 5_000;
/** Repeated requests with an ended session are rejected from the cache. A token is never valid again, but auth may have failed over. */
const REJECTION_TTL_MS = 1_000;

@Injectable()
export class SessionsService implements OnModuleDestroy {
  readonly #bus: Bus;
  readonly #cache = new LRUCache<string, ActiveSession>({ max: ENTRIES_MAX, ttl: CACHE_TTL_MS });
  readonly #rejected = new LRUCache<string, AppError>({ max: ENTRIES_MAX, ttl: REJECTION_TTL_MS });
  readonly #pending = new Map<string, Promise<ActiveSession>>();
  readonly #changes: Serving;
  /** A response to a call before the last change may be older than the change: it is returned, but not cached. */
  #changesReceived = 0;

  constructor(bus: Bus) {
    this.#bus = bus;
    // Not `@On`, which stops at the start of the drain: requests that are still accepted then must not use an ended session.
    this.#changes = bus.subscribe(sessionsChanged, (change) => this.drop(change));
  }

  async onModuleDestroy(): Promise<void> {
    await this.#changes.stop();
  }

  /**
   * Returns the session, synchronously if it is cached.
   * @throws {AppError} `session.invalid`, or an error of the bus or the database with status 503.
   */
  get(tokenHash: string): ActiveSession | Promise<ActiveSession> {
    const cached = this.#cache.get(tokenHash);
    if (cached !== undefined && cached.session.expiresAt > Date.now()) return cached;
    const rejection = this.#rejected.get(tokenHash);
    if (rejection !== undefined) throw rejection;
    return this.#pending.get(tokenHash) ?? this.#load(tokenHash);
  }

  /**
   * As `get`, but never from the cache: for rights of the whole platform, which must not be used after they were taken away.
   * @throws {AppError} `session.invalid`, or an error with status 503.
   */
  getCurrent(tokenHash: string): Promise<ActiveSession> {
    return this.#callAuth(tokenHash);
  }

  /**
   * What an account may do in a project. Not cached: the routes are rare, and a role that was taken away must not be used.
   * @throws {AppError} `project.not_found` without a membership, or an error with status 503.
   */
  memberAccess(accountId: string, projectId: string): Promise<MemberAccess> {
    return this.#bus.call(accountsContract.operations.getMemberAccess, { accountId, projectId });
  }

  /** Drops a session, or all of an account. Sessions that the gateway itself ends are dropped before the event arrives. */
  drop({ accountId, sessionId }: { readonly accountId: string; readonly sessionId?: string | undefined }): void {
    this.#changesReceived += 1;
    this.#pending.clear();
    for (const [tokenHash, { account, session }] of this.#cache.entries()) {
      if (account.id === accountId && (sessionId === undefined || session.id === sessionId))
        this.#cache.delete(tokenHash);
    }
  }

  /** Calls auth, once for concurrent requests of the same session. */
  #load(tokenHash: string): Promise<ActiveSession> {
    const loading = this.#callAuth(tokenHash).finally(() => {
      if (this.#pending.get(tokenHash) === loading) this.#pending.delete(tokenHash);
    });
    this.#pending.set(tokenHash, loading);
    return loading;
  }

  async #callAuth(tokenHash: string): Promise<ActiveSession> {
    const changesBefore = this.#changesReceived;
    try {
      const session = await this.#bus.call(accountsContract.operations.getSession, { tokenHash });
      if (changesBefore === this.#changesReceived) this.#cache.set(tokenHash, session);
      return session;
    } catch (error) {
      const rejection = AppError.from(error);
      if (rejection.code === 'session.invalid') this.#rejected.set(tokenHash, rejection);
      throw rejection;
    }
  }
}
