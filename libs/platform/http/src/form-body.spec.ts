import { AppError } from '@xerotier/errors';
import { Readable } from 'node:stream';
import { FormBody, parseFormBody } from './form-body.ts';

const parse = (bytes: Buffer, type: string): Promise<FormBody> =>
  parseFormBody(Readable.from([bytes]), type, 64 * 1_024 * 1_024);

const A_BOUND = 'Expected at most 256 fields and 32 files in the form.';
const TYPE = 'multipart/form-data; boundary=b';

/** A multipart body, written by hand. */
function body(...parts: string[]): Buffer {
  return Buffer.from(`${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`, 'latin1');
}

const field = (name: string, value: string): string => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const file = (name: string, data: string, filename = 'a.wav'): string =>
  `Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: audio/wav\r\n\r\n${data}`;

async function failure(bytes: Buffer, type = TYPE): Promise<AppError> {
  const error: unknown = await parse(bytes, type).catch((reason: unknown) => reason);
  if (!AppError.is(error)) throw new Error('Expected an error');
  return error;
}

describe('a form', () => {
  it('is parsed as a real client sends it, byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));
    const form = new FormData();
    form.append('model', 'größer 😀');
    form.append('list[]', 'a');
    form.append('list[]', 'b');
    form.append('file', new File([bytes], 'ü.wav', { type: 'audio/wav' }));
    form.append('file2', new Blob([]), 'empty');
    const sent = new Response(form);
    const type = sent.headers.get('content-type') ?? '';
    const read = await parse(Buffer.from(await sent.arrayBuffer()), type);
    expect(read.fields).toEqual([
      ['model', 'größer 😀'],
      ['list[]', 'a'],
      ['list[]', 'b'],
    ]);
    expect(read.files.map(({ field: of, name, contentType, data }) => [of, name, contentType, data.length])).toEqual([
      ['file', 'ü.wav', 'audio/wav', 300_000],
      ['file2', 'empty', 'application/octet-stream', 0],
    ]);
    expect(read.files[0]?.data.equals(bytes)).toBe(true);
  });

  it('may be empty, and skips parts without a name', async () => {
    expect(await parse(body(), TYPE)).toEqual(new FormBody([], []));
    const nameless = 'Content-Disposition: form-data\r\n\r\nx';
    expect(await parse(body(nameless, field('a', '1')), TYPE)).toMatchObject({ fields: [['a', '1']] });
  });

  it('keeps special property names, and removes paths from file names', async () => {
    const form = await parse(body(field('__proto__', 'x'), file('file', 'y', '../../etc/x.wav')), TYPE);
    expect(form.fields).toEqual([['__proto__', 'x']]);
    expect(form.files[0]?.name).toBe('x.wav');
  });

  it('is limited to 256 fields and 32 files', async () => {
    const fields = Array.from({ length: 257 }, () => field('a', '1'));
    const files = Array.from({ length: 33 }, () => file('f', '1'));
    const whole = await parse(body(...fields.slice(1), ...files.slice(1)), TYPE);
    expect([whole.fields.length, whole.files.length]).toEqual([256, 32]);
    for (const parts of [fields, files]) {
      expect(await failure(body(...parts))).toMatchObject({ code: 'request.invalid', message: A_BOUND });
    }
  });

  it('is limited to 2 MB per field', async () => {
    const { fields } = await parse(body(field('a', 'x'.repeat(2 ** 21))), TYPE);
    expect(fields[0]?.[1]).toHaveLength(2 ** 21);
    expect(await failure(body(field('a', 'x'.repeat(2 ** 21 + 1))))).toMatchObject({
      code: 'request.invalid',
      message: expect.stringContaining('2097152 bytes'),
    });
  });

  it.each([
    ['without a boundary', 'multipart/form-data', body(field('a', '1'))],
    ['of nothing', TYPE, Buffer.alloc(0)],
    ['that is something else', TYPE, Buffer.from('{"a":1}')],
    ['that is cut in a field', TYPE, Buffer.from(`--b\r\n${field('a', '1')}`)],
    ['that is cut in a file', TYPE, Buffer.from(`--b\r\n${file('a', '1'.repeat(100_000))}`)],
    ['that is cut in a header', TYPE, Buffer.from('--b\r\nContent-Disp')],
  ])('%s is rejected', async (_, type, bytes) => {
    expect(await failure(bytes, type)).toMatchObject({
      code: 'request.invalid',
      message: 'The form could not be parsed.',
    });
  });
});
