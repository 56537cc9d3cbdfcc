import type { StoredPart, StoredUpload } from '@xerotier/contracts/files';
import type { ResponseOf } from '@xerotier/public-api/operation';
import type { addUploadPart, getUpload } from '@xerotier/public-api/uploads';
import { publicFileOf } from '../files/public-file.ts';
import { unixSeconds } from '../unix-seconds.ts';

export function publicUploadOf({
  createdAt,
  expiresAt,
  file,
  model,
  error,
  ...upload
}: StoredUpload): ResponseOf<typeof getUpload> {
  const { id, bytes, filename, purpose, status } = upload;
  return {
    ...{ id, object: 'upload', bytes, created_at: unixSeconds(createdAt), expires_at: unixSeconds(expiresAt) },
    ...{ filename, purpose, status },
    ...(file !== undefined && { file: publicFileOf(file) }),
    ...(model !== undefined && { model }),
    ...(error !== undefined && { error }),
  };
}

export function publicPartOf({ id, uploadId, bytes, sha256, createdAt }: StoredPart): ResponseOf<typeof addUploadPart> {
  return {
    ...{ id, object: 'upload.part', created_at: unixSeconds(createdAt), upload_id: uploadId },
    ...{ x_bytes: bytes, x_sha256: sha256 },
  };
}
