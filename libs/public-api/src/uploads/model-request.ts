/** What an upload with the purpose `model` has besides others. */
import { z } from 'zod';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { MODEL_BYTES_MAX } from './limits.ts';

/** A SHA-256 in hexadecimal digits, in either case. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits');

/** Maximum number of files of a model. */
export const MODEL_FILES_MAX = 1_000;
/** Maximum length of the notes of a version. */
export const VERSION_NOTES_MAX = 4_096;

/** What a model is called in its project; unlike its id, it may have one slash. */
export const modelName = z
  .string()
  .max(128)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,63})?$/,
    'must be letters, digits, dots, underscores and hyphens, as `name` or `group/name`',
  );

/** Semantic, without build metadata. */
export const modelVersionNumber = z
  .string()
  .max(64)
  .regex(
    /^(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/,
    'must be a semantic version such as 1.2.0 or 2.0.0-rc.1',
  );

export const newModelVersion = z
  .object({
    name: modelName.describe('What the model is called in the project. A name that is new makes a new model.'),
    version: modelVersionNumber
      .optional()
      .describe('Default: 1.0.0 for a new model, else the patch after the highest version.'),
    version_notes: storableText(VERSION_NOTES_MAX).min(1).optional(),
    promote: z
      .boolean()
      .optional()
      .describe('Whether endpoints serve this version from then on. Default true. The first version always is.'),
  })
  .register(components, { id: 'NewModelVersion' });

export const newModelFile = z
  .object({
    path: storableText(256).min(1).describe('The name of the file, without folders.'),
    bytes: z.number().int().min(0).max(MODEL_BYTES_MAX),
    sha256: sha256.optional().describe('The SHA-256 of the file, to be verified.'),
  })
  .register(components, { id: 'NewModelFile' });
