import { ListMultipartUploadsCommand, paginateListParts } from '@aws-sdk/client-s3';
import type { MultipartUpload, S3Client } from '@aws-sdk/client-s3';

/**
 * All uploads in parts, of keys with this prefix, that are neither complete nor aborted. The prefix is not part of the request, because
 * MinIO takes it for a whole key.
 */
export async function* unfinishedUploads(
  client: S3Client,
  bucket: string,
  keyPrefix: string,
): AsyncGenerator<MultipartUpload, void, undefined> {
  let position: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, ...position }));
    for (const upload of page.Uploads ?? []) if (upload.Key?.startsWith(keyPrefix) === true) yield upload;
    if (page.IsTruncated !== true) return;
    position = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}

export interface UploadTarget {
  readonly Bucket: string;
  readonly Key: string | undefined;
  readonly UploadId: string | undefined;
}

/** Whether a part was written at that time or later. */
export async function hasPartSince(client: S3Client, target: UploadTarget, time: Date): Promise<boolean> {
  for await (const { Parts = [] } of paginateListParts({ client }, target))
    if (Parts.some(({ LastModified }) => LastModified !== undefined && LastModified >= time)) return true;
  return false;
}
