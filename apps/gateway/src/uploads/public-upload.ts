import type { StoredPart, StoredUpload } from '@xerotier/contracts/files';
import type { ResponseOf } from '@xerotier/public-api/operation';
import type { addUploadPart, getUpload } from '@xerotier/public-api/uploads';
import { publicFileOf } from '../files/public-file.ts';

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
    ...{ id, object: 'upload', bytes, created_at: seconds(createdAt), expires_at: seconds(expiresAt) },
    ...{ filename, purpose, status },
    ...(file !== undefined && { file: publicFileOf(file) }),
    ...(model !== undefined && { model }),
    ...(error !== undefined && { error }),
  };
}

export function publicPartOf({ id, uploadId, bytes, sha256, createdAt }: StoredPart): ResponseOf<typeof addUploadPart> {
  return {
    ...{ id, object: 'upload.part', created_at: seconds(createdAt), upload_id: uploadId },
    ...{ x_bytes: bytes, x_sha256: sha256 },
  };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
