import type { filesContract } from '@xerotier/contracts/files';
import type { BodyOf } from '@xerotier/public-api/operation';
import type { createUpload } from '@xerotier/public-api/uploads';
import type { z } from 'zod';

type RequestedUpload = Omit<z.input<typeof filesContract.operations.createUpload.input>, 'context'>;

/** The upload that a request describes, as the files service takes it. */
export function requestedUploadOf(body: BodyOf<typeof createUpload>): RequestedUpload {
  const { purpose, filename, bytes, mime_type: mimeType, expires_after: expiry, relative_path: relativePath } = body;
  return {
    ...{ purpose, filename, bytes, mimeType },
    ...(relativePath !== undefined && { relativePath }),
    ...(expiry !== undefined && { expiresAfterSeconds: expiry.seconds }),
    ...(body.model !== undefined && { model: modelOf(body.model) }),
    ...(body.files !== undefined && { files: body.files }),
  };
}

function modelOf({
  name,
  version,
  version_notes: versionNotes,
  promote,
}: NonNullable<BodyOf<typeof createUpload>['model']>): NonNullable<RequestedUpload['model']> {
  return {
    name,
    ...(version !== undefined && { version }),
    ...(versionNotes !== undefined && { versionNotes }),
    ...(promote !== undefined && { promote }),
  };
}
