import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant, withTenant } from '@xerotier/db';
import type { WrappedKey } from '@xerotier/sealing';
import { DataSource, In, Not } from 'typeorm';
import { DataKeyEntity } from './data-key.entity.ts';

@Injectable()
export class DataKeysRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  findByProject(projectId: string): Promise<DataKeyEntity | null> {
    return withTenant(this.database, projectId, (manager) => manager.findOneBy(DataKeyEntity, { projectId }));
  }

  /** Does nothing when the project already has a key. */
  async insertIfMissing(projectId: string, { masterKeyId, wrapped }: WrappedKey): Promise<void> {
    await withTenant(this.database, projectId, (manager) =>
      manager
        .createQueryBuilder()
        .insert()
        .into(DataKeyEntity)
        .values({ projectId, masterKeyId, wrapped: Buffer.from(wrapped) })
        .orIgnore()
        .execute(),
    );
  }

  /** Returns the number of keys that are wrapped under none of these master keys. */
  countOthers(masterKeyIds: readonly string[]): Promise<number> {
    return withEveryTenant(this.database, (manager) =>
      manager.countBy(DataKeyEntity, { masterKeyId: Not(In([...masterKeyIds])) }),
    );
  }

  /** Returns some of the keys that are wrapped under another master key. */
  listOthers(masterKeyId: string, countMax: number): Promise<DataKeyEntity[]> {
    return withEveryTenant(this.database, (manager) =>
      manager.find(DataKeyEntity, { where: { masterKeyId: Not(masterKeyId) }, take: countMax }),
    );
  }

  async rewrap(projectId: string, { masterKeyId, wrapped }: WrappedKey): Promise<void> {
    await withTenant(this.database, projectId, (manager) =>
      manager.update(DataKeyEntity, { projectId }, { masterKeyId, wrapped: Buffer.from(wrapped) }),
    );
  }
}
