/**
 * Audio and images: what a worker is sent, and what it says before the bytes of the answer. Request and answer are the
 * OpenAI API's own, since a server behind the worker reads the one and writes the other; the platform checks the fields,
 * places the work and counts it.
 */
import { z } from 'zod';
import { workerId } from '../ids.ts';
import { workContext } from '../inference/request-context.ts';

export const mediaKind = z.enum([
  'audio.transcription',
  'audio.translation',
  'audio.speech',
  'image.generation',
  'image.edit',
  'image.variation',
]);

export type MediaTask = 'transcribe' | 'speak' | 'image';

interface MediaRouteTraits {
  /** What an endpoint and its workers have to be for. */
  readonly task: MediaTask;
  readonly kind: z.infer<typeof mediaKind>;
  /** A form can hold files. */
  readonly form: boolean;
}

/** Paths below `/v1`, here and on the server behind a worker. */
export const mediaRoutes = {
  'audio/transcriptions': { task: 'transcribe', kind: 'audio.transcription', form: true },
  'audio/translations': { task: 'transcribe', kind: 'audio.translation', form: true },
  'audio/speech': { task: 'speak', kind: 'audio.speech', form: false },
  'images/generations': { task: 'image', kind: 'image.generation', form: false },
  'images/edits': { task: 'image', kind: 'image.edit', form: true },
  'images/variations': { task: 'image', kind: 'image.variation', form: true },
} as const satisfies Readonly<Record<string, MediaRouteTraits>>;
export type MediaRoute = keyof typeof mediaRoutes;

/** Sixteen images and a mask. */
const FILES_MAX = 17;

const mediaFile = z.object({
  /** Of the form, without brackets. */
  field: z.string().min(1).max(64),
  /** Servers read the format of a file from the end of its name. */
  name: z.string().max(255),
  contentType: z.string().max(128),
  /** Base64. */
  data: z.string(),
});
export type MediaFile = z.infer<typeof mediaFile>;

export const mediaInput = workContext.extend({
  route: z.enum(Object.keys(mediaRoutes) as [MediaRoute, ...MediaRoute[]]),
  /** Parameters as the OpenAI specification has them, with their types in JSON; `model` is the worker's business. */
  fields: z.record(z.string().max(64), z.unknown()),
  files: z.array(mediaFile).max(FILES_MAX),
});
export type MediaInput = z.infer<typeof mediaInput>;

export const mediaHead = z.object({
  workerId,
  contentType: z.string().max(128),
});
export type MediaHead = z.infer<typeof mediaHead>;
