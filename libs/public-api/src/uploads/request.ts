import { z } from 'zod';
import { EXPIRY_SECONDS, relativePath, uploadPurpose } from '../files/request.ts';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

/** Maximum size of an upload: 8 GB. */
export const UPLOAD_BYTES_MAX = 8 * 1024 ** 3;
/** Maximum size of a part: 64 MB. */
export const PART_BYTES_MAX = 64 * 1024 ** 2;
/** Maximum number of parts of an upload. */
export const PARTS_MAX = 10_000;

export const createUploadRequest = z
  .object({
    filename: storableText(512).min(1).describe('The name of the file.'),
    purpose: uploadPurpose.describe('What the file is for.'),
    bytes: z.number().int().min(1).max(UPLOAD_BYTES_MAX).describe('The size of the file: of all parts together.'),
    mime_type: storableText(256).min(1).describe('The media type of the file.'),
    expires_after: z
      .object({
        anchor: z.literal('created_at'),
        seconds: z.number().int().min(EXPIRY_SECONDS.min).max(EXPIRY_SECONDS.max),
      })
      .optional()
      .describe('When the file is deleted, after it was completed. Default: as of other files.'),
    relative_path: relativePath.optional(),
  })
  .register(components, { id: 'CreateUploadRequest' });

/** A SHA-256 in hexadecimal digits, in either case. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits');

/** The fields of the form beside `data`. */
export const addUploadPartRequest = z
  .object({
    sha256: sha256
      .optional()
      .describe('The SHA-256 of the part, to be verified: a part that arrives with another one is not stored.'),
  })
  .register(components, { id: 'AddUploadPartRequest' });

export const completeUploadRequest = z
  .object({
    part_ids: z
      .array(storableText(64).min(1))
      .min(1)
      .max(PARTS_MAX)
      .describe('The parts of the file, in the order of its content. Others are deleted.'),
    md5: z
      .string()
      .regex(/^[0-9a-f]{32}$/i, 'must be 32 hexadecimal digits')
      .optional()
      .describe('The MD5 of the whole file, to be verified.'),
  })
  .register(components, { id: 'CompleteUploadRequest' });

export const uploadPartsQuery = z.object(pageQueryFields('asc', { default: 1_000, max: 1_000 }));
