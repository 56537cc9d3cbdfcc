import { Inject, Injectable } from '@nestjs/common';
import { hashApiKey, isKeyOfProject } from '@xerotier/api-keys';
import { SeedError } from '@xerotier/service-host/database';
import { ANNOUNCE_ACCESS_CHANGE } from '../access/access-change.ts';
import type { AnnounceAccessChange } from '../access/access-change.ts';
import { generateKeyId } from '../api-keys/key-id.ts';
import { KeyHasher } from '../api-keys/key-hasher.ts';
import type { Project } from '../projects/project.entity.ts';
import { generateProjectId } from '../projects/project-id.ts';
import type { SeedDocument } from './seed-document.ts';
import { SeedRepository } from './seed.repository.ts';
import type { SeedStores } from './seed.repository.ts';

/** Keys of the document are no longer valid. The caller can generate others, and seed those. */
export class EndedKeysError extends SeedError {
  /** Their names in the document. */
  readonly endedKeys: readonly string[];

  constructor(ended: readonly { readonly name: string; readonly reason: string }[]) {
    super(`${ended.map(({ name, reason }) => `API key '${name}' ${reason}`).join('. ')}: provide a new value.`);
    this.endedKeys = ended.map(({ name }) => name);
  }
}

/**
 * Applies a document to the database: creates what is missing, updates what differs, and does not change what the
 * document does not contain. Idempotent.
 */
@Injectable()
export class SeedService {
  constructor(
    private readonly repository: SeedRepository,
    private readonly hasher: KeyHasher,
    @Inject(ANNOUNCE_ACCESS_CHANGE) private readonly announce: AnnounceAccessChange,
  ) {}

  /** @throws {SeedError} after which nothing has changed. */
  async apply(document: SeedDocument): Promise<{ projectId: string }> {
    const { projectId, changed } = await this.repository.inTransaction(async (stores) => {
      await rejectUnknownTiers(stores, document);
      const projectId = await ensureProject(stores, document);
      let changed = false;
      for (const endpoint of document.endpoints) {
        if (await stores.endpoints.upsert({ projectId, ...endpoint })) changed = true;
      }
      const ended: { name: string; reason: string }[] = [];
      for (const key of document.keys) {
        const done = await this.#ensureKey(stores, projectId, document.project.slug, key);
        if (typeof done === 'string') ended.push({ name: key.name, reason: done });
        else if (done) changed = true;
      }
      if (ended.length > 0) throw new EndedKeysError(ended);
      return { projectId, changed };
    });
    if (changed) this.announce({ projectId });
    return { projectId };
  }

  /** Returns whether anything changed, or why the key is no longer valid. */
  async #ensureKey(
    { apiKeys }: SeedStores,
    projectId: string,
    projectSlug: string,
    key: SeedDocument['keys'][number],
  ): Promise<boolean | string> {
    const { name, scopes, value } = key;
    if (!isKeyOfProject(value, projectSlug)) {
      throw new SeedError(
        `The value of API key '${name}' was generated for another project slug than '${projectSlug}'.`,
      );
    }
    const keyHash = this.hasher.hash(hashApiKey(value));
    const stored = await apiKeys.findByHash(keyHash);
    if (stored === null) {
      await apiKeys.insert({ id: generateKeyId(), projectId, name, keyHash, last4: value.slice(-4), scopes });
      return true;
    }
    if (stored.projectId !== projectId)
      throw new SeedError(`API key '${name}' belongs to another project: provide another value.`);
    // A key that was ended deliberately must not become valid again.
    if (stored.revokedAt !== null) return 'was revoked';
    if (stored.expiresAt !== null && stored.expiresAt.getTime() <= Date.now()) return 'has expired';
    if (!stored.keyHash.equals(keyHash)) return 'was rotated since';
    return apiKeys.update(stored.id, name, scopes);
  }
}

async function rejectUnknownTiers({ tiers }: SeedStores, document: SeedDocument): Promise<void> {
  const known = await tiers.listSlugs();
  for (const { slug, tier } of document.endpoints) {
    if (known.includes(tier)) continue;
    throw new SeedError(`Tier '${tier}' of endpoint '${slug}' does not exist. Expected one of: ${known.join(', ')}.`);
  }
}

/** Returns the project of the document, by its id or else by team and slug; creates it if missing. */
async function ensureProject({ projects }: SeedStores, { team, project }: SeedDocument): Promise<string> {
  const stored = await findProject({ projects }, team.name, project);
  if (stored !== null) {
    if (stored.slug !== project.slug) {
      throw new SeedError(
        `Project ${stored.id} has the slug '${stored.slug}', which cannot be changed to '${project.slug}'.`,
      );
    }
    if (stored.name !== project.name) await projects.rename(stored.id, project.name);
    return stored.id;
  }
  const owner = (await projects.findTeam(team.name)) ?? (await projects.insertTeam(team.name));
  const id = project.id ?? generateProjectId();
  await projects.insert({ id, teamId: owner.id, name: project.name, slug: project.slug });
  return id;
}

async function findProject(
  { projects }: Pick<SeedStores, 'projects'>,
  teamName: string,
  { id, slug }: SeedDocument['project'],
): Promise<Project | null> {
  const byId = id === undefined ? null : await projects.findById(id);
  if (byId !== null) return byId;
  const team = await projects.findTeam(teamName);
  const bySlug = team === null ? null : await projects.findBySlug(team.id, slug);
  if (bySlug !== null && id !== undefined) {
    throw new SeedError(
      `Project '${slug}' of team '${teamName}' has the id ${bySlug.id}, which cannot be changed to ${id}.`,
    );
  }
  return bySlug;
}
