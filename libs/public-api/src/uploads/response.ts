import { z } from 'zod';
import { fileObject } from '../files/response.ts';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';
import { partedPurpose } from './request.ts';

/** `processing` and `failed` are of models. */
export const uploadStatus = z.enum(['pending', 'processing', 'completed', 'failed', 'cancelled', 'expired']);

export const upload = z
  .object({
    id: z.string(),
    object: z.literal('upload'),
    bytes: z.number().int(),
    created_at: z.number().int().describe('Unix seconds.'),
    expires_at: z.number().int().describe('Unix seconds. An upload that is not completed by then expires.'),
    filename: z.string(),
    purpose: partedPurpose,
    status: uploadStatus,
    file: fileObject.optional().describe('The file of a completed upload, unless it is a model.'),
    model: z
      .object({ id: z.string(), version: z.string() })
      .optional()
      .describe('The model that a completed upload has become, and its version.'),
    error: z
      .object({ code: z.string(), message: z.string() })
      .optional()
      .describe('Why an upload has the status `failed`.'),
  })
  .register(components, { id: 'Upload' });

export const uploadPart = z
  .object({
    id: z.string(),
    object: z.literal('upload.part'),
    created_at: z.number().int().describe('Unix seconds.'),
    upload_id: z.string(),
    x_bytes: z.number().int(),
    x_sha256: z.string().describe('Of the part, in hexadecimal digits.'),
  })
  .register(components, { id: 'UploadPart' });

export const uploadPartList = page(uploadPart).register(components, { id: 'UploadPartList' });
