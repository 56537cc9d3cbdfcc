import { z } from 'zod';
import { uploadPurpose } from '../files/request.ts';
import { fileObject } from '../files/response.ts';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';

export const uploadStatus = z.enum(['pending', 'completed', 'cancelled', 'expired']);

export const upload = z
  .object({
    id: z.string(),
    object: z.literal('upload'),
    bytes: z.number().int(),
    created_at: z.number().int().describe('Unix seconds.'),
    expires_at: z.number().int().describe('Unix seconds. An upload that is not completed by then expires.'),
    filename: z.string(),
    purpose: uploadPurpose,
    status: uploadStatus,
    file: fileObject.optional().describe('The file of a completed upload.'),
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
