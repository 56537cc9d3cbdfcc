import { Injectable } from '@nestjs/common';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError } from '@xerotier/errors';
import { open, seal, UnsealError } from '@xerotier/sealing';

type Kind = 'compaction' | 'reasoning';

/** The `encrypted_content` of items, which clients keep, and which only their project can open. */
@Injectable()
export class EncryptedContents {
  constructor(private readonly dataKeys: DataKeysService) {}

  /** Returns a function that seals texts. @throws {AppError} `db.unavailable`. */
  async sealer(projectId: string, kind: Kind): Promise<(text: string) => string> {
    const key = await this.dataKeys.getOrCreate(projectId);
    return (text) => seal(key, text, [`responses.${kind}`, projectId]).toString('base64url');
  }

  /**
   * Returns the text. What was sealed as another kind does not open.
   * @throws {AppError} `item.unreadable`, naming the field, for what this project has not sealed; `db.unavailable`.
   */
  async open(projectId: string, kind: Kind, content: string, param: string): Promise<string> {
    const key = await this.dataKeys.getOrCreate(projectId);
    try {
      return open(key, Buffer.from(content, 'base64url'), [`responses.${kind}`, projectId]).toString('utf8');
    } catch (error) {
      if (error instanceof UnsealError) throw new AppError('item.unreadable', { param }, { param, cause: error });
      throw error;
    }
  }
}
