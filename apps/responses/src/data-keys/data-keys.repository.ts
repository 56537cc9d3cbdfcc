import { withDbErrors } from '@xerotier/db';
import type { WrappedKey } from '@xerotier/sealing';
import { In, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DataKeyEntity } from './data-key.entity.ts';
import type { DataKeyRow } from './data-key.entity.ts';

export class DataKeysRepository {
  readonly #manager: EntityManager;

  constructor(manager: EntityManager) {
    this.#manager = manager;
  }

  findByProject(projectId: string): Promise<DataKeyRow | null> {
    return withDbErrors(() => this.#manager.findOneBy(DataKeyEntity, { projectId }));
  }

  /** Does nothing when the project has a key already. */
  async insertIfMissing(projectId: string, { masterKeyId, wrapped }: WrappedKey): Promise<void> {
    await withDbErrors(() =>
      this.#manager
        .createQueryBuilder()
        .insert()
        .into(DataKeyEntity)
        .values({ projectId, masterKeyId, wrapped: Buffer.from(wrapped) })
        .orIgnore()
        .execute(),
    );
  }

  /** How many keys are wrapped under none of these master keys. */
  countOthers(masterKeyIds: readonly string[]): Promise<number> {
    return withDbErrors(() => this.#manager.countBy(DataKeyEntity, { masterKeyId: Not(In([...masterKeyIds])) }));
  }

  /** Some of the keys that are wrapped under another master key than this one. */
  listOthers(masterKeyId: string, countMax: number): Promise<DataKeyRow[]> {
    return withDbErrors(() =>
      this.#manager.find(DataKeyEntity, { where: { masterKeyId: Not(masterKeyId) }, take: countMax }),
    );
  }

  async rewrap(projectId: string, { masterKeyId, wrapped }: WrappedKey): Promise<void> {
    await withDbErrors(() =>
      this.#manager.update(DataKeyEntity, { projectId }, { masterKeyId, wrapped: Buffer.from(wrapped) }),
    );
  }
}
