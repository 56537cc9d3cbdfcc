import { AppError } from '@xerotier/errors';
import { FormBody } from '@xerotier/http';
import type { FormFile } from '@xerotier/http';
import type { FastifyRequest } from 'fastify';
import { readFiles, readMediaFields, readMediaRequest } from './media-request.ts';

const MIB = 1024 * 1024;

const aForm = (fields: [string, string][], files: FormFile[] = []): FormBody => new FormBody(fields, files);

const aFile = (field: string, data: string | Buffer = 'RIFF', changes: Partial<FormFile> = {}): FormFile => ({
  field,
  name: 'a.wav',
  contentType: 'audio/wav',
  data: Buffer.from(data),
  ...changes,
});

function rejection(read: () => unknown): AppError {
  try {
    read();
  } catch (error) {
    if (AppError.is(error)) return error;
  }
  throw new Error('expected a rejection');
}

describe('readMediaRequest', () => {
  const request = (form: unknown): FastifyRequest => ({ body: form }) as FastifyRequest;

  it('returns model, fields and files of a form', () => {
    const form = aForm(
      [
        ['model', 'whisper'],
        ['timestamp_granularities[]', 'word'],
        ['response_format', 'verbose_json'],
      ],
      [aFile('file'), aFile('other')],
    );
    expect(readMediaRequest('audio/transcriptions', request(form))).toEqual({
      model: 'whisper',
      fields: { timestamp_granularities: ['word'], response_format: 'verbose_json' },
      files: [{ field: 'file', name: 'a.wav', contentType: 'audio/wav', data: 'UklGRg==' }],
    });
  });

  it('rejects JSON for a form route, and accepts it for others', () => {
    expect(rejection(() => readMediaRequest('audio/transcriptions', request({ model: 'm' })))).toMatchObject({
      code: 'request.unsupported_media_type',
      message: "Unsupported content type. Send the request body as 'multipart/form-data'.",
    });
    expect(readMediaRequest('images/generations', request({ prompt: 'x', n: null, stream: true }))).toEqual({
      model: undefined,
      fields: { prompt: 'x', stream: true },
      files: [],
    });
  });

  it('names the invalid field', () => {
    expect(rejection(() => readMediaFields('audio/transcriptions', {}))).toMatchObject({
      code: 'request.invalid',
      param: 'model',
      message: "Missing required parameter: 'model'.",
    });
    expect(
      rejection(() => readMediaFields('audio/speech', { model: 'm', input: 'x', voice: 'v', speed: 5 })).param,
    ).toBe('speed');
  });
});

describe('readFiles', () => {
  it.each([
    ['audio/transcriptions', 'file'],
    ['audio/translations', 'file'],
    ['images/edits', 'image'],
    ['images/variations', 'image'],
  ] as const)('requires for %s a non-empty file in %s', (route, field) => {
    expect(rejection(() => readFiles(route, [aFile('fil'), aFile('images')]))).toMatchObject({
      code: 'request.invalid',
      param: field,
      message: `Missing required parameter: '${field}'.`,
    });
    expect(readFiles(route, [aFile(field)])).toHaveLength(1);
    expect(rejection(() => readFiles(route, [aFile(field, '')]))).toMatchObject({
      param: field,
      message: expect.stringContaining('the file is empty'),
    });
  });

  it('accepts one audio file, or up to 16 images with one mask', () => {
    expect(rejection(() => readFiles('audio/translations', [aFile('file'), aFile('file')])).param).toBe('file');
    const images = Array.from({ length: 17 }, () => aFile('image[]'));
    const most = [...images.slice(1), aFile('mask')];
    expect(readFiles('images/edits', most).map(({ field }) => field)).toEqual([
      ...Array<string>(16).fill('image'),
      'mask',
    ]);
    expect(rejection(() => readFiles('images/edits', images)).param).toBe('image');
    expect(rejection(() => readFiles('images/edits', [...most, aFile('mask')])).param).toBe('mask');
  });

  it('accepts at most 25 MB in total', () => {
    expect(readFiles('audio/transcriptions', [aFile('file', Buffer.alloc(25 * MIB))])).toHaveLength(1);
    const tooLarge = [aFile('image', Buffer.alloc(25 * MIB)), aFile('mask', '1')];
    expect(rejection(() => readFiles('images/edits', tooLarge))).toMatchObject({
      code: 'request.files_too_large',
      status: 413,
      param: 'image',
    });
    expect(readFiles('images/edits', [tooLarge[0] as FormFile])).toHaveLength(1);
  });

  it('truncates long names at the start, and replaces invalid names and types', () => {
    const odd = { name: `${'x'.repeat(300)}.mp3`, contentType: 'audio/"wav"' };
    const [file] = readFiles('audio/translations', [aFile('file', 'x', odd)]);
    expect(file?.name).toHaveLength(255);
    expect(file).toMatchObject({ name: expect.stringMatching(/x\.mp3$/), contentType: 'application/octet-stream' });
    expect(readFiles('audio/translations', [aFile('file', 'x', { name: '' })])[0]?.name).toBe('file');
  });
});
