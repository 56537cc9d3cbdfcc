import { defineOperation } from '../operation/define-operation.ts';
import { JSON_OR_EVENTS, mediaOperation } from '../operation/media.ts';
import { speechRequest } from './speech-request.ts';
import { transcriptionRequest, translationRequest } from './transcription-request.ts';

const SOUNDS = ['audio/mpeg', 'audio/opus', 'audio/ogg', 'audio/aac', 'audio/flac', 'audio/wav', 'audio/pcm'] as const;
const TEXTS = [...JSON_OR_EVENTS, 'text/plain', 'text/vtt', 'application/x-subrip'] as const;

const audioFile = { name: 'file', min: 1, max: 1 } as const;

export const createSpeech = defineOperation({
  ...mediaOperation,
  operationId: 'createSpeech',
  sdk: { node: 'audio.speech.create' },
  path: '/v1/audio/speech',
  summary: 'Create speech',
  request: speechRequest,
  example: { model: 'speak', input: 'Good morning', voice: 'alloy' },
  rawResponse: [...SOUNDS, 'text/event-stream'],
});

export const createTranscription = defineOperation({
  ...mediaOperation,
  operationId: 'createTranscription',
  sdk: { node: 'audio.transcriptions.create' },
  path: '/v1/audio/transcriptions',
  summary: 'Create transcription',
  request: transcriptionRequest,
  files: [audioFile],
  example: { model: 'transcribe' },
  rawResponse: TEXTS,
});

export const createTranslation = defineOperation({
  ...mediaOperation,
  operationId: 'createTranslation',
  sdk: { node: 'audio.translations.create' },
  path: '/v1/audio/translations',
  summary: 'Create translation',
  description: 'Translates audio into English.',
  request: translationRequest,
  files: [audioFile],
  example: { model: 'transcribe' },
  rawResponse: TEXTS,
});

/** In the order of the reference. */
export const audioOperations = [createSpeech, createTranscription, createTranslation] as const;
