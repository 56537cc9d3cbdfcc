import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';
import { uploadPurpose } from './request.ts';

/** What files are for: those that clients upload, and those that the platform writes. */
export const filePurpose = z.enum([...uploadPurpose.options, 'assistants_output', 'batch_output', 'fine-tune-results']);

export const fileObject = z
  .object({
    id: z.string(),
    object: z.literal('file'),
    bytes: z.number().int(),
    created_at: z.number().int().describe('Unix seconds.'),
    expires_at: z.number().int().optional().describe('Unix seconds. Absent for a file that does not expire.'),
    filename: z.string(),
    purpose: filePurpose,
    status: z.enum(['uploaded', 'processed', 'error']).describe('Always `processed`.'),
    x_relative_path: z.string().optional(),
  })
  .register(components, { id: 'File' });

export const fileList = page(fileObject).register(components, { id: 'FileList' });

export const fileDeleted = z
  .object({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) })
  .register(components, { id: 'FileDeleted' });
