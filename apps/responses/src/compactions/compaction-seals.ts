import { Injectable } from '@nestjs/common';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError } from '@xerotier/errors';
import { open, seal, UnsealError } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';

/** The `encrypted_content` of compactions: summaries that clients keep, and that only their project can open. */
@Injectable()
export class CompactionSeals {
  constructor(private readonly dataKeys: DataKeysService) {}

  /** @throws {AppError} `db.unavailable`. */
  async seal(projectId: string, summary: string): Promise<string> {
    const key = await this.dataKeys.getOrCreate(projectId);
    return seal(key, summary, contextOf(projectId)).toString('base64url');
  }

  /**
   * Returns the summary.
   * @throws {AppError} `item.unreadable`, naming the field, for what this project has not sealed; `db.unavailable`.
   */
  async open(projectId: string, content: string, param: string): Promise<string> {
    const key = await this.dataKeys.getOrCreate(projectId);
    try {
      return open(key, Buffer.from(content, 'base64url'), contextOf(projectId)).toString('utf8');
    } catch (error) {
      if (error instanceof UnsealError) throw new AppError('item.unreadable', { param }, { param, cause: error });
      throw error;
    }
  }
}

/** Nothing else that is sealed with the key of the project opens as a summary. */
function contextOf(projectId: string): EncryptionContext {
  return ['responses.compaction', projectId];
}
