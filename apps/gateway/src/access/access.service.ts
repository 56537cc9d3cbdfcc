/**
 * Authorizes API keys by calling the auth service, and caches its responses. A cached response is valid for at most 30 s, even
 * while auth is unavailable. It is refreshed in the background well before that, and dropped immediately when auth publishes a
 * change of the key or its project.
 */
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { hashApiKey } from '@xerotier/api-keys';
import { accessChanged, authContract, keyAccessContract } from '@xerotier/contracts/auth';
import type { Access, Scope } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { Serving } from '@xerotier/nats';
import { LRUCache } from 'lru-cache';

export interface AccessRequest {
  /** The value of a key, or the id of the key that a batch line acts for. */
  readonly key: string | { readonly id: string };
  /** Default: the project that the key belongs to. */
  readonly projectId: string | undefined;
  readonly endpointSlug: string | undefined;
  readonly scope: Scope;
  readonly clientAddress: string;
}

interface CachedAccess {
  access: Access;
  requestedAt: number;
  refreshing: boolean;
}

const CACHE_TTL_MS = 30_000;
const REFRESH_AFTER_MS = 10_000;
const ENTRIES_MAX = 20_000;
/** Of cached responses, since a project can have many endpoints, and an endpoint a long system prompt. */
const CACHED_BYTES_MAX = 64 * 1024 * 1024;
/** Repeated requests with an invalid key are rejected from the cache; briefly, since a key that was just created must work. */
const REJECTION_TTL_MS = 1_000;

@Injectable()
export class AccessService implements OnModuleDestroy {
  readonly #bus: Bus;
  readonly #cache = new LRUCache<string, CachedAccess>({
    max: ENTRIES_MAX,
    ttl: CACHE_TTL_MS,
    maxSize: CACHED_BYTES_MAX,
    sizeCalculation: ({ access }) => bytesOf(access),
  });
  readonly #rejected = new LRUCache<string, AppError>({ max: ENTRIES_MAX, ttl: REJECTION_TTL_MS });
  readonly #pending = new Map<string, Promise<Access>>();
  readonly #changes: Serving;
  /** A response to a call before the last change may be older than the change: it is returned, but not cached. */
  #changesReceived = 0;

  constructor(bus: Bus) {
    this.#bus = bus;
    // Not `@On`, which stops at the start of the drain: requests that are still accepted then must not use a revoked key.
    this.#changes = bus.subscribe(accessChanged, ({ projectId, keyId }) => this.#invalidate(projectId, keyId));
  }

  async onModuleDestroy(): Promise<void> {
    await this.#changes.stop();
  }

  /**
   * Returns the access of the key, synchronously if it is cached.
   * @throws {AppError} `auth.invalid_key`, `auth.scope_insufficient`, `project.not_found`, `endpoint.not_found`, or
   * `auth.unavailable` if auth is unavailable and nothing is cached.
   */
  authorize(request: AccessRequest): Access | Promise<Access> {
    const entry = `${nameOf(request.key)} ${request.scope} ${request.projectId ?? ''} ${request.endpointSlug ?? ''}`;
    const cached = this.#cache.get(entry);
    if (cached !== undefined) {
      if (performance.now() - cached.requestedAt > REFRESH_AFTER_MS) this.#refresh(entry, cached, request);
      return cached.access;
    }
    const rejection = this.#rejected.get(entry);
    if (rejection !== undefined) throw rejection;
    return this.#load(entry, request);
  }

  #refresh(entry: string, cached: CachedAccess, request: AccessRequest): void {
    if (cached.refreshing) return;
    cached.refreshing = true;
    this.#load(entry, request)
      .catch((error: unknown) => {
        // A rejection means that the key was revoked. While auth is unavailable, the cached entry is valid until it expires.
        if (AppError.is(error) && error.code !== 'auth.unavailable') this.#cache.delete(entry);
      })
      .finally(() => (cached.refreshing = false));
  }

  /** Calls auth, once for concurrent requests of the same entry. */
  #load(entry: string, request: AccessRequest): Promise<Access> {
    const pending = this.#pending.get(entry);
    if (pending !== undefined) return pending;
    const loading = this.#callAuth(entry, request).finally(() => {
      if (this.#pending.get(entry) === loading) this.#pending.delete(entry);
    });
    this.#pending.set(entry, loading);
    return loading;
  }

  async #callAuth(
    entry: string,
    { key, projectId, endpointSlug, scope, clientAddress }: AccessRequest,
  ): Promise<Access> {
    const changesBefore = this.#changesReceived;
    try {
      const { authorize } = authContract.operations;
      const { authorizeKey } = keyAccessContract.operations;
      const requested = { ...(endpointSlug !== undefined && { endpointSlug }), scope };
      const access =
        typeof key === 'string'
          ? await this.#bus.call(authorize, {
              ...{ ...requested, keyHash: hashApiKey(key), clientAddress },
              ...(projectId !== undefined && { projectId }),
            })
          : await this.#bus.call(authorizeKey, { ...requested, keyId: key.id, projectId: projectId ?? '' });
      if (changesBefore === this.#changesReceived)
        this.#cache.set(entry, { access, requestedAt: performance.now(), refreshing: false });
      return access;
    } catch (error) {
      const rejection = AppError.from(error);
      if (rejection.status >= 500) throw new AppError('auth.unavailable', {}, { cause: rejection });
      if (changesBefore === this.#changesReceived) this.#rejected.set(entry, rejection);
      throw rejection;
    }
  }

  #invalidate(projectId: string, keyId: string | undefined): void {
    this.#changesReceived += 1;
    this.#pending.clear();
    for (const [entry, { access }] of this.#cache.entries()) {
      if (access.project.id === projectId && (keyId === undefined || access.keyId === keyId)) this.#cache.delete(entry);
    }
    this.#rejected.clear();
  }
}

function nameOf(key: AccessRequest['key']): string {
  return typeof key === 'string' ? hashApiKey(key) : `id ${key.id}`;
}

/** The approximate size in memory: 1 KiB for an access and each of its endpoints, and the system prompts. */
function bytesOf({ endpoints }: Access): number {
  return endpoints.reduce((sum, { defaults }) => sum + 1_024 + 2 * (defaults?.systemPrompt?.length ?? 0), 1_024);
}
