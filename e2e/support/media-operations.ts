/** The audio and image operations, at the base URLs of the endpoint and of the project. */
import type { Operation } from './contract-operations.ts';

type Form = Omit<Operation, 'name' | 'route'> & { readonly as: string };

const audio = new File(['RIFF'], 'talk.wav', { type: 'audio/wav' });
const image = new File(['PNG'], 'a.png', { type: 'image/png' });

function form(fields: Readonly<Record<string, string | File>>): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return body;
}

/** Each form of a response; endpoints and models are named after their task. */
function operations(task: string, path: string, forms: readonly Form[]): Operation[] {
  return forms.flatMap(({ as, ...form }) => [
    { ...form, name: `${path} of an endpoint, ${as}`, route: `POST /{project}/${task}/v1/${path}` },
    { ...form, name: `${path} of the project, ${as}`, route: `POST /{project}/v1/${path}` },
  ]);
}

const speech = { model: 'speak', input: 'Good morning', voice: 'alloy' };
const transcription = { model: 'transcribe', file: audio };

export const mediaOperations: readonly Operation[] = [
  ...operations('speak', 'audio/speech', [
    { as: 'audio', body: speech, mediaType: 'audio/mpeg' },
    {
      as: 'streamed',
      body: { ...speech, stream_format: 'sse' },
      schema: 'CreateSpeechResponseStreamEvent',
      ending: 'event',
    },
  ]),
  ...operations('transcribe', 'audio/transcriptions', [
    { as: 'JSON', body: form(transcription), schema: 'CreateTranscriptionResponseJson' },
    {
      as: 'verbose JSON',
      body: form({ ...transcription, response_format: 'verbose_json' }),
      schema: 'CreateTranscriptionResponseVerboseJson',
    },
    { as: 'text', body: form({ ...transcription, response_format: 'text' }), mediaType: 'text/plain; charset=utf-8' },
    {
      as: 'streamed',
      body: form({ ...transcription, stream: 'true' }),
      schema: 'CreateTranscriptionResponseStreamEvent',
      ending: 'event',
    },
  ]),
  ...operations('transcribe', 'audio/translations', [
    { as: 'JSON', body: form(transcription), schema: 'CreateTranslationResponseJson' },
    { as: 'subtitles', body: form({ ...transcription, response_format: 'srt' }), mediaType: 'application/x-subrip' },
  ]),
  ...operations('image', 'images/generations', [
    { as: 'JSON', body: { prompt: 'a bird', n: 2 }, schema: 'ImagesResponse' },
    {
      as: 'streamed',
      body: { prompt: 'a bird', stream: true, partial_images: 2 },
      schema: 'ImageGenStreamEvent',
      ending: 'event',
    },
  ]),
  ...operations('image', 'images/edits', [
    { as: 'JSON', body: form({ image, prompt: 'bluer' }), schema: 'ImagesResponse' },
    {
      as: 'streamed',
      body: form({ image, prompt: 'bluer', stream: 'true', partial_images: '1' }),
      schema: 'ImageEditStreamEvent',
      ending: 'event',
    },
  ]),
  ...operations('image', 'images/variations', [{ as: 'JSON', body: form({ image }), schema: 'ImagesResponse' }]),
];
