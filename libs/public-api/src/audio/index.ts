export { speechRequest } from './speech-request.ts';
export { transcriptionRequest, translationRequest } from './transcription-request.ts';
export { createSpeech, createTranscription, createTranslation } from './audio.api.ts';
