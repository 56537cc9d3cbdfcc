/**
 * Input and head of the audio and image operations. Request and response are those of the OpenAI API, since a server behind the
 * worker reads and writes them; the platform validates the fields, places the request and records it.
 */
import { z } from 'zod';
import { workerId } from '../ids.ts';
import type { UsageKind } from '../inference/request-class.ts';
import { workContext } from '../inference/request-context.ts';

export type MediaTask = 'transcribe' | 'speak' | 'image';

interface MediaRouteTraits {
  /** The required task of the endpoint. */
  readonly task: MediaTask;
  readonly kind: UsageKind;
  /** Whether the request is a multipart form, which may contain files. */
  readonly form: boolean;
}

/** Paths below `/v1`, of the public API and of the server behind a worker. */
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
  /** Name of the form field, without brackets. */
  field: z.string().min(1).max(64),
  /** File name. Servers derive the format from its extension. */
  name: z.string().max(255),
  contentType: z.string().max(128),
  /** Base64. */
  data: z.string(),
});
export type MediaFile = z.infer<typeof mediaFile>;

export const mediaInput = workContext.extend({
  route: z.enum(Object.keys(mediaRoutes) as [MediaRoute, ...MediaRoute[]]),
  /** Parameters of the OpenAI specification, with their JSON types, except `model`, which the worker sets. */
  fields: z.record(z.string().max(64), z.unknown()),
  files: z.array(mediaFile).max(FILES_MAX),
});
export type MediaInput = z.infer<typeof mediaInput>;

export const mediaHead = z.object({
  workerId,
  contentType: z.string().max(128),
});
export type MediaHead = z.infer<typeof mediaHead>;
