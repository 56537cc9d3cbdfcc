import { Injectable } from '@nestjs/common';
import type { StoredItem } from '@xerotier/contracts/responses';
import type { NewItem } from '@xerotier/public-api/items';
import { EncryptedContents } from '../items/encrypted-contents.ts';
import { newItemId } from '../items/item-id.ts';

/** What stands for all items before a compaction. */
export interface CompactedContext {
  readonly summary: string;
  /** Those that follow the summary as they are. */
  readonly items: readonly NewItem[];
}

/** Compactions as items. */
@Injectable()
export class CompactionSeals {
  constructor(private readonly contents: EncryptedContents) {}

  /** @throws {AppError} `db.unavailable`. */
  async itemOf(projectId: string, context: CompactedContext): Promise<StoredItem> {
    const seal = await this.contents.sealer(projectId, 'compaction');
    return { id: newItemId('compaction'), type: 'compaction', encrypted_content: seal(JSON.stringify(context)) };
  }

  /** @throws {AppError} as `EncryptedContents.open`. */
  async open(projectId: string, content: string, param: string): Promise<CompactedContext> {
    return JSON.parse(await this.contents.open(projectId, 'compaction', content, param)) as CompactedContext;
  }
}
