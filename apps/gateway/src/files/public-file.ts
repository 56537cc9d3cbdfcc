import type { StoredFile } from '@xerotier/contracts/files';
import type { getFile } from '@xerotier/public-api/files';
import type { ResponseOf } from '@xerotier/public-api/operation';
import { unixSeconds } from '../unix-seconds.ts';

export function publicFileOf(file: StoredFile): ResponseOf<typeof getFile> {
  const { id, bytes, createdAt, expiresAt, filename, purpose, relativePath } = file;
  return {
    ...{ id, object: 'file', bytes, created_at: unixSeconds(createdAt) },
    ...(expiresAt !== undefined && { expires_at: unixSeconds(expiresAt) }),
    ...{ filename, purpose, status: 'processed' },
    ...(relativePath !== undefined && { x_relative_path: relativePath }),
  };
}
