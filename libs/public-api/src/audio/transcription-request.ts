/**
 * The form fields of `POST /v1/audio/transcriptions` and `/v1/audio/translations`, with the bounds of the OpenAI specification,
 * and our own bounds where it has none. Files are not fields.
 */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { formBoolean, formList, formNumber } from '../fields/form-values.ts';

const TEXT_LENGTH_MAX = 16_384;
const ENTRIES_MAX = 100;

const languageNames = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });

/** ISO 639-1 (`en`) as specified; ISO 639-3 codes of three letters, and regions (`en-GB`), are accepted too. */
const language = z.string().refine((code) => /^[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2}$/i.test(code) && isLanguage(code), {
  error: 'must be an ISO 639-1 language code, such as en',
});

function isLanguage(code: string): boolean {
  return languageNames.of(code.split('-', 1)[0] as string) !== undefined;
}

const audio = {
  model: z.string().min(1).max(256),
  prompt: z.string().max(TEXT_LENGTH_MAX).optional(),
  temperature: formNumber(z.number().min(0).max(1)).optional(),
};

/** Settings of voice activity detection. */
const voiceActivity = z.object({
  type: z.literal('server_vad'),
  prefix_padding_ms: formNumber(z.number().int().min(0)).optional(),
  silence_duration_ms: formNumber(z.number().int().min(0)).optional(),
  threshold: formNumber(z.number().min(0).max(1)).optional(),
});

export const transcriptionRequest = z
  .object({
    ...audio,
    language: language.optional(),
    languages: formList(language, ENTRIES_MAX).optional(),
    keywords: formList(z.string().max(256), ENTRIES_MAX).optional(),
    response_format: z.enum(['json', 'text', 'srt', 'verbose_json', 'vtt', 'diarized_json']).optional(),
    timestamp_granularities: formList(z.enum(['word', 'segment']), 2).optional(),
    include: formList(z.enum(['logprobs']), 1).optional(),
    stream: formBoolean.optional(),
    chunking_strategy: z
      .union([z.literal('auto'), voiceActivity], { error: "must be 'auto' or an object with the type 'server_vad'" })
      .optional(),
    known_speaker_names: formList(z.string().min(1).max(256), 4).optional(),
    known_speaker_references: formList(z.string().min(1), 4).optional(),
  })
  .refine((form) => form.timestamp_granularities === undefined || form.response_format === 'verbose_json', {
    path: ['timestamp_granularities'],
    message: "requires response_format 'verbose_json'",
  })
  .register(components, { id: 'CreateTranscriptionRequest' });

export const translationRequest = z
  .object({
    ...audio,
    response_format: z.enum(['json', 'text', 'srt', 'verbose_json', 'vtt']).optional(),
  })
  .register(components, { id: 'CreateTranslationRequest' });
