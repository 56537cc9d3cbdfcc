/** The body of `POST /v1/audio/speech`, with the bounds of the OpenAI specification. */
import { z } from 'zod';
import { components } from '../openapi/components.ts';

const VOICE_LENGTH_MAX = 256;
const voice = z.string().min(1).max(VOICE_LENGTH_MAX);

export const speechRequest = z
  .object({
    model: z.string().min(1).max(256),
    input: z.string().min(1).max(4_096),
    voice: z.union([voice, z.object({ id: voice })], {
      error: 'must be the name of a voice, or an object with its id',
    }),
    instructions: z.string().max(4_096).nullish(),
    response_format: z.enum(['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm']).nullish(),
    speed: z.number().min(0.25).max(4).nullish(),
    stream_format: z.enum(['audio', 'sse']).nullish(),
  })
  .register(components, { id: 'CreateSpeechRequest' });
