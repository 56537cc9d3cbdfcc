import type { StoredFile } from '@xerotier/contracts/files';
import type { getFile } from '@xerotier/public-api/files';
import type { ResponseOf } from '@xerotier/public-api/operation';

export function publicFileOf(file: StoredFile): ResponseOf<typeof getFile> {
  const { id, bytes, createdAt, expiresAt, filename, purpose, relativePath } = file;
  return {
    ...{ id, object: 'file', bytes, created_at: seconds(createdAt) },
    ...(expiresAt !== undefined && { expires_at: seconds(expiresAt) }),
    ...{ filename, purpose, status: 'processed' },
    ...(relativePath !== undefined && { x_relative_path: relativePath }),
  };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
