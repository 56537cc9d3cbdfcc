import { Injectable } from '@nestjs/common';
import type { StoredItem } from '@xerotier/contracts/responses';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError } from '@xerotier/errors';
import type { NewItem } from '@xerotier/public-api/items';
import { open, seal, UnsealError } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import { newItemId } from '../items/item-id.ts';

/** What stands for all items before a compaction. */
export interface CompactedContext {
  readonly summary: string;
  /** Those that follow the summary as they are. */
  readonly items: readonly NewItem[];
}

/** The `encrypted_content` of compactions, which clients keep, and which only their project can open. */
@Injectable()
export class CompactionSeals {
  constructor(private readonly dataKeys: DataKeysService) {}

  /** @throws {AppError} `db.unavailable`. */
  async itemOf(projectId: string, context: CompactedContext): Promise<StoredItem> {
    const key = await this.dataKeys.getOrCreate(projectId);
    const sealed = seal(key, JSON.stringify(context), contextOf(projectId)).toString('base64url');
    return { id: newItemId('compaction'), type: 'compaction', encrypted_content: sealed };
  }

  /** @throws {AppError} `item.unreadable`, naming the field, for what this project has not sealed; `db.unavailable`. */
  async open(projectId: string, content: string, param: string): Promise<CompactedContext> {
    const key = await this.dataKeys.getOrCreate(projectId);
    try {
      const json = open(key, Buffer.from(content, 'base64url'), contextOf(projectId)).toString('utf8');
      return JSON.parse(json) as CompactedContext;
    } catch (error) {
      if (error instanceof UnsealError) throw new AppError('item.unreadable', { param }, { param, cause: error });
      throw error;
    }
  }
}

/** Nothing else that is sealed with the key of the project opens as a compaction. */
function contextOf(projectId: string): EncryptionContext {
  return ['responses.compaction', projectId];
}
