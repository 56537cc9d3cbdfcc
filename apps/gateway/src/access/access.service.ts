/**
 * Who may do what: asks the auth service, and remembers its answer for a short while. A remembered answer serves for 30 s
 * at most, also when auth is away; it is asked for again in the background well before that, and dropped at once when auth says
 * that the key or its project changed.
 */
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { hashApiKey } from '@xerotier/api-keys';
import { accessChanged, authContract } from '@xerotier/contracts/auth';
import type { Access, Scope } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { Serving } from '@xerotier/nats';
import { LRUCache } from 'lru-cache';

export interface AccessRequest {
  readonly key: string;
  /** Undefined: the project that the key belongs to. */
  readonly projectId: string | undefined;
  readonly endpointSlug: string | undefined;
  readonly scope: Scope;
  readonly clientAddress: string;
}

interface Remembered {
  access: Access;
  requestedAt: number;
  refreshing: boolean;
}

const SERVES_FOR_MS = 30_000;
const REFRESHED_AFTER_MS = 10_000;
const ENTRIES_MAX = 20_000;
/** The same wrong key over and over is answered from memory, briefly: a key that was just created must work. */
const REJECTION_TTL_MS = 1_000;

@Injectable()
export class AccessService implements OnModuleDestroy {
  readonly #bus: Bus;
  readonly #remembered = new LRUCache<string, Remembered>({ max: ENTRIES_MAX, ttl: SERVES_FOR_MS });
  readonly #rejected = new LRUCache<string, AppError>({ max: ENTRIES_MAX, ttl: REJECTION_TTL_MS });
  readonly #asking = new Map<string, Promise<Access>>();
  readonly #changes: Serving;
  /** An answer that was asked for before the last change may be older than the change: it is given, not remembered. */
  #changesHeard = 0;

  constructor(bus: Bus) {
    this.#bus = bus;
    this.#changes = bus.subscribe(accessChanged, ({ projectId, keyId }) => this.#forget(projectId, keyId));
  }

  async onModuleDestroy(): Promise<void> {
    await this.#changes.stop();
  }

  /**
   * What the key may do.
   * @throws {AppError} `auth.invalid_key`, `auth.scope_insufficient`, `project.not_found`, `endpoint.not_found`, or
   * `auth.unavailable` when auth does not answer and nothing is remembered.
   */
  authorize(request: AccessRequest): Access | Promise<Access> {
    const entry = `${hashApiKey(request.key)} ${request.scope} ${request.projectId ?? ''} ${request.endpointSlug ?? ''}`;
    const known = this.#remembered.get(entry);
    if (known !== undefined) {
      if (performance.now() - known.requestedAt > REFRESHED_AFTER_MS) this.#refresh(entry, known, request);
      return known.access;
    }
    const rejection = this.#rejected.get(entry);
    if (rejection !== undefined) throw rejection;
    return this.#ask(entry, request);
  }

  #refresh(entry: string, known: Remembered, request: AccessRequest): void {
    if (known.refreshing) return;
    known.refreshing = true;
    this.#ask(entry, request)
      .catch((error: unknown) => {
        // Auth said no: the key is gone. Auth said nothing: what is remembered serves until its time is over.
        if (AppError.is(error) && error.code !== 'auth.unavailable') this.#remembered.delete(entry);
      })
      .finally(() => (known.refreshing = false));
  }

  #ask(entry: string, request: AccessRequest): Promise<Access> {
    const known = this.#asking.get(entry);
    if (known !== undefined) return known;
    const asking = this.#askAuth(entry, request).finally(() => {
      if (this.#asking.get(entry) === asking) this.#asking.delete(entry);
    });
    this.#asking.set(entry, asking);
    return asking;
  }

  async #askAuth(
    entry: string,
    { key, projectId, endpointSlug, scope, clientAddress }: AccessRequest,
  ): Promise<Access> {
    const changesBefore = this.#changesHeard;
    try {
      const access = await this.#bus.call(authContract.operations.authorize, {
        keyHash: hashApiKey(key),
        ...(projectId !== undefined && { projectId }),
        ...(endpointSlug !== undefined && { endpointSlug }),
        scope,
        clientAddress,
      });
      if (changesBefore === this.#changesHeard)
        this.#remembered.set(entry, { access, requestedAt: performance.now(), refreshing: false });
      return access;
    } catch (error) {
      const rejection = AppError.from(error);
      if (rejection.status >= 500) throw new AppError('auth.unavailable', {}, { cause: rejection });
      if (changesBefore === this.#changesHeard) this.#rejected.set(entry, rejection);
      throw rejection;
    }
  }

  #forget(projectId: string, keyId: string | undefined): void {
    this.#changesHeard += 1;
    this.#asking.clear();
    for (const [entry, { access }] of this.#remembered.entries()) {
      if (access.project.id === projectId && (keyId === undefined || access.keyId === keyId))
        this.#remembered.delete(entry);
    }
    this.#rejected.clear();
  }
}
