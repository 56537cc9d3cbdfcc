import { Injectable } from '@nestjs/common';
import { withEveryTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import { ApiKeysRepository } from '../api-keys/api-keys.repository.ts';
import { EndpointsRepository } from '../endpoints/endpoints.repository.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import { TiersRepository } from '../tiers/tiers.repository.ts';

/** Repositories bound to one transaction. */
export interface SeedStores {
  readonly projects: ProjectsRepository;
  readonly endpoints: EndpointsRepository;
  readonly apiKeys: ApiKeysRepository;
  readonly tiers: TiersRepository;
}

@Injectable()
export class SeedRepository {
  constructor(private readonly database: DataSource) {}

  /** Runs the work in one transaction at a time: two concurrent seeds would both create the same rows. */
  inTransaction<T>(work: (stores: SeedStores) => Promise<T>): Promise<T> {
    return withEveryTenant(this.database, async (manager) => {
      await manager.query("SELECT pg_advisory_xact_lock(hashtextextended('xerotier.seed.auth', 0))");
      return work({
        projects: new ProjectsRepository(manager),
        endpoints: new EndpointsRepository(manager),
        apiKeys: new ApiKeysRepository(manager),
        tiers: new TiersRepository(manager),
      });
    });
  }
}
