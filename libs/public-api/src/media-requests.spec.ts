/** Audio and image requests: values at every bound, and beyond it. */
import type { z } from 'zod';
import { imageEditRequest, imageGenerationRequest, imageVariationRequest } from './images/request.ts';
import { speechRequest } from './audio/speech-request.ts';
import { transcriptionRequest, translationRequest } from './audio/transcription-request.ts';

/** The path of the first issue; undefined if the value is valid. */
function issuePath(schema: z.ZodType, value: object): string | undefined {
  const result = schema.safeParse(value);
  return result.success ? undefined : result.error.issues[0]?.path.join('.');
}

type Case = [name: string, valid: unknown[], invalid: unknown[]];

function itEnforcesBounds(schema: z.ZodType, minimal: object, cases: readonly Case[]): void {
  it('accepts a minimal request, and drops unknown fields', () => {
    expect(schema.parse({ ...minimal, unknown: 1 })).toEqual(minimal);
  });

  it.each(cases)('enforces the bounds of %s', (name, valid, invalid) => {
    for (const value of valid)
      expect([value, issuePath(schema, { ...minimal, [name]: value })]).toEqual([value, undefined]);
    for (const value of invalid) {
      const path = issuePath(schema, { ...minimal, [name]: value });
      expect([value, path?.split('.')[0]]).toEqual([value, name]);
    }
  });

  it('rejects a request without a required field', () => {
    for (const name of Object.keys(minimal)) expect(issuePath(schema, { ...minimal, [name]: undefined })).toBe(name);
  });
}

const chars = (count: number): string => 'x'.repeat(count);
const MODEL: Case = ['model', ['m', chars(256)], ['', chars(257), 5]];

describe('a speech request', () => {
  itEnforcesBounds(speechRequest, { model: 'tts-1', input: 'Hi', voice: 'alloy' }, [
    MODEL,
    ['input', ['x', chars(4_096)], ['', chars(4_097), 5, null]],
    ['voice', ['mine', { id: 'voice_1' }], ['', {}, { id: '' }, 5]],
    ['instructions', [chars(4_096), null], [chars(4_097)]],
    ['response_format', ['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm', null], ['ogg', '']],
    ['speed', [0.25, 1, 4, null], [0.24, 4.01, '1']],
    ['stream_format', ['audio', 'sse', null], ['json', true]],
  ]);
});

describe('a transcription request', () => {
  itEnforcesBounds(transcriptionRequest, { model: 'whisper-1' }, [
    MODEL,
    ['language', ['en', 'de', 'deu', 'en-GB', 'zh-Hant-TW'], ['', 'e', 'xx', 'english', 'en_GB', 'de-', 5]],
    ['languages', ['en', ['en', 'fr']], ['xx', [], ['en', 'xx']]],
    ['response_format', ['json', 'text', 'srt', 'verbose_json', 'vtt', 'diarized_json'], ['xml', '']],
    ['temperature', ['0', '0.25', '1'], ['-0.1', '1.1', 'warm', '', '1e0', ' 1']],
    ['include', ['logprobs', ['logprobs']], ['usage', ['logprobs', 'logprobs']]],
    ['stream', ['true', 'false', 'True', '1', '0'], ['yes', '']],
    ['chunking_strategy', ['auto', { type: 'server_vad', threshold: '0.5' }], ['none', { type: 'other' }, {}]],
    ['known_speaker_names', [['a', 'b', 'c', 'd']], [['a', 'b', 'c', 'd', 'e'], ['']]],
    ['known_speaker_references', [['a', 'b', 'c', 'd']], [['a', 'b', 'c', 'd', 'e']]],
    ['prompt', ['', chars(16_384)], [chars(16_385)]],
    ['keywords', ['one', ['one', chars(256)]], [[chars(257)]]],
    ['timestamp_granularities', [], ['word', ['word', 'segment']]],
  ]);

  it('accepts timestamp_granularities with verbose_json only', () => {
    const form = { model: 'm', response_format: 'verbose_json' };
    for (const [sent, read] of [
      ['word', ['word']],
      [
        ['word', 'segment'],
        ['word', 'segment'],
      ],
    ]) {
      expect(transcriptionRequest.parse({ ...form, timestamp_granularities: sent })).toMatchObject({
        timestamp_granularities: read,
      });
    }
    const wrong = { ...form, timestamp_granularities: ['word', 'letter'] };
    expect(issuePath(transcriptionRequest, wrong)).toBe('timestamp_granularities.1');
  });

  it('converts form values to JSON types', () => {
    const form = { model: 'm', temperature: '0.5', stream: 'true', include: 'logprobs' };
    expect(transcriptionRequest.parse(form)).toEqual({
      model: 'm',
      temperature: 0.5,
      stream: true,
      include: ['logprobs'],
    });
    expect(transcriptionRequest.parse({ model: 'm', stream: 'False' })).toMatchObject({ stream: false });
  });
});

describe('a translation request', () => {
  itEnforcesBounds(translationRequest, { model: 'whisper-1' }, [
    MODEL,
    ['response_format', ['json', 'text', 'srt', 'verbose_json', 'vtt'], ['diarized_json']],
    ['temperature', ['0', '1'], ['1.1']],
  ]);
});

const imageCases: Case[] = [
  ['size', ['auto', '256x256', '1792x1024'], ['large', '1024', '0x0', '1024x', '1024x10240']],
  ['response_format', ['url', 'b64_json'], ['png']],
  ['output_format', ['png', 'jpeg', 'webp'], ['gif']],
  ['background', ['transparent', 'opaque', 'auto'], ['red']],
  ['prompt', ['x', chars(32_000)], ['', chars(32_001)]],
  ['user', [chars(512)], [chars(513)]],
];

describe('an image request', () => {
  itEnforcesBounds(imageGenerationRequest, { prompt: 'a red bird' }, [
    ...imageCases,
    ['model', ['m', null], ['', chars(257)]],
    ['n', [1, 10, null], [0, 11, 1.5, '1']],
    ['quality', ['standard', 'hd', 'low', 'medium', 'high', 'auto', null], ['best']],
    ['output_compression', [0, 100], [-1, 101]],
    ['partial_images', [0, 3], [-1, 4]],
    ['moderation', ['low', 'auto'], ['none']],
    ['style', ['vivid', 'natural'], ['plain']],
    ['stream', [true, false, null], ['true']],
  ]);
});

describe('a request to edit images', () => {
  itEnforcesBounds(imageEditRequest, { prompt: 'bluer' }, [
    ...imageCases,
    MODEL,
    ['n', ['1', '10'], ['0', '11', '1.5', 'two']],
    ['quality', ['standard', 'auto'], ['hd']],
    ['output_compression', ['0', '100'], ['-1', '101']],
    ['partial_images', ['0', '3'], ['-1', '4']],
    ['input_fidelity', ['high', 'low'], ['auto']],
    ['stream', ['true', 'false'], ['maybe']],
  ]);
});

describe('a request for variations of an image', () => {
  itEnforcesBounds(imageVariationRequest, {}, [
    MODEL,
    ['n', ['1', '10'], ['0', '11']],
    ['size', ['256x256', '512x512', '1024x1024'], ['auto', '1536x1024']],
    ['response_format', ['url', 'b64_json'], ['png']],
    ['user', [chars(512)], [chars(513)]],
  ]);
});
