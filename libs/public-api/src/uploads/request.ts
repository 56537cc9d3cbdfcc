import { z } from 'zod';
import { EXPIRY_SECONDS, relativePath, uploadPurpose } from '../files/request.ts';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';
import { MODEL_BYTES_MAX, PARTS_MAX, UPLOAD_BYTES_MAX } from './limits.ts';
import { MODEL_FILES_MAX, newModelFile, newModelVersion, sha256 } from './model-request.ts';

/** What an upload in parts is for: a file, or a model. */
export const partedPurpose = z.enum([...uploadPurpose.options, 'model']);

export const createUploadRequest = z
  .object({
    filename: storableText(512).min(1).describe('The name of the file.'),
    purpose: partedPurpose.describe('What the file is for. `model`: it is an archive or the files of a model.'),
    bytes: z
      .number()
      .int()
      .min(1)
      .max(MODEL_BYTES_MAX)
      .describe(
        'The size of the file: of all parts together. At most 8589934592 (8 GB), and for models 1048576000000 (10,000 parts of 100 MiB).',
      ),
    mime_type: storableText(256).min(1).describe('The media type of the file.'),
    expires_after: z
      .object({
        anchor: z.literal('created_at'),
        seconds: z.number().int().min(EXPIRY_SECONDS.min).max(EXPIRY_SECONDS.max),
      })
      .optional()
      .describe('When the file is deleted, after it was completed. Default: as of other files. Not for models.'),
    relative_path: relativePath.optional(),
    model: newModelVersion
      .optional()
      .describe('The version that the model becomes. Required for models, and only for these.'),
    files: z
      .array(newModelFile)
      .min(1)
      .max(MODEL_FILES_MAX)
      .optional()
      .describe(
        'The files of a model whose parts are these files, one after another, in this order. Default: the parts are a tar archive, which may be compressed with gzip, or one GGUF file.',
      ),
  })
  .superRefine((upload, context) => {
    const reject = (field: keyof typeof upload, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (upload.purpose === 'model') {
      if (upload.model === undefined) reject('model', "is required for the purpose 'model'");
      for (const field of ['expires_after', 'relative_path'] as const)
        if (upload[field] !== undefined) reject(field, "is not allowed for the purpose 'model'");
      const sum = upload.files?.reduce((bytes, file) => bytes + file.bytes, 0);
      if (sum !== undefined && sum !== upload.bytes)
        reject('files', `must have ${upload.bytes} bytes in all, as the upload, but have ${sum}`);
    } else {
      for (const field of ['model', 'files'] as const)
        if (upload[field] !== undefined) reject(field, "is only allowed for the purpose 'model'");
      if (upload.bytes > UPLOAD_BYTES_MAX) reject('bytes', `must be at most ${UPLOAD_BYTES_MAX}`);
    }
  })
  .register(components, { id: 'CreateUploadRequest' });

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
      .describe(
        'The MD5 of the whole file, to be verified. Not for models, whose parts and files may have a `sha256`.',
      ),
  })
  .register(components, { id: 'CompleteUploadRequest' });

export const uploadPartsQuery = z.object(pageQueryFields('asc', { default: 1_000, max: 1_000 }));
