import { AppError } from '@xerotier/errors';
import type { StoredFile } from '@xerotier/contracts/files';
import type { EgressClient } from '@xerotier/egress';
import { inputItem } from '@xerotier/public-api/items';
import type { NewItem } from '@xerotier/public-api/items';
import { Readable } from 'node:stream';
import { FileTexts } from './file-texts.ts';
import { InputFiles } from './input-files.service.ts';
import type { ReadItems } from './input-files.service.ts';
import type { ReadItem } from './named-parts.ts';
import type { StoredFiles } from './sources/stored-files.ts';
import { PIXEL_PNG } from './testing/index.ts';

const NEVER = new AbortController().signal;
const MEBIBYTE = 1_024 ** 2;

/** What a file has, by its id; the service itself is tested in `e2e/input-files.e2e.ts`. */
type Files = Readonly<Record<string, string | Buffer | AppError>>;

class InMemory {
  reads = 0;
  readonly sut: InputFiles;
  readonly files: Record<string, string | Buffer | AppError>;

  constructor(files: Files = {}, pages: Readonly<Record<string, Readonly<Record<string, string>>>> = {}) {
    this.files = { ...files };
    const stored: Pick<StoredFiles, 'get' | 'read'> = {
      get: async (projectId, id) => {
        const found = projectId === 'p' ? this.files[id] : undefined;
        if (found === undefined) throw new AppError('file.not_found', { file: id });
        if (AppError.is(found)) throw found;
        return { id, filename: `${id}.txt`, bytes: Buffer.from(found as string).length } as StoredFile;
      },
      read: async (_, { id }) => {
        this.reads += 1;
        return Buffer.from(this.files[id] as string);
      },
    };
    const fetch: EgressClient['fetch'] = async (url) => {
      const page = pages[url];
      if (page === undefined) throw new AppError('egress.unreachable', { host: 'x' });
      const { status = '200', body = '', type = 'text/plain' } = page;
      const headers = new Map([['content-type', type]]);
      return { url, status: Number(status), headers, body: Readable.from([Buffer.from(body)]) };
    };
    this.sut = new InputFiles(stored as StoredFiles, new FileTexts(1), { fetch } as EgressClient);
  }

  inline(items: Partial<ReadItems<ReadItem>>, signal = NEVER, projectId = 'p'): Promise<ReadItems<ReadItem>> {
    return this.sut.inline(projectId, { history: [], input: [], ...items }, signal);
  }
}

const itemOf = (item: object, param: string): ReadItem => ({ item: inputItem.parse(item) as NewItem, param });
const inputOf = (...parts: object[]): ReadItem[] => [itemOf({ role: 'user', content: parts }, 'input[0]')];
const historyOf = (...parts: object[]): ReadItem[] => [
  itemOf({ role: 'user', content: parts }, 'previous_response_id'),
];
const partsOf = (read: ReadItem | undefined): unknown => {
  const item = read?.item as { content?: unknown; output?: unknown };
  return item.content ?? item.output;
};
const text = (value: string): object => expect.objectContaining({ type: 'input_text', text: value });
const file = (id: string, fields = {}): object => ({ type: 'input_file', file_id: id, ...fields });
const data = (content: string | Buffer, fields = {}): object => ({
  ...{ type: 'input_file', file_data: Buffer.from(content as string).toString('base64'), ...fields },
});

describe('InputFiles.inline', () => {
  it('puts the text of files in place of their parts, and leaves everything else as it is', async () => {
    const memory = new InMemory({ a: '\ufeffone' }, { 'https://x.example/d/two.txt?q=1': { body: 'two' } });
    const before = { type: 'input_text', text: 'Read:' };
    const other = itemOf({ role: 'user', content: 'x' }, 'input[1]');
    const [asked] = inputOf(
      ...[before, file('a'), { type: 'input_file', file_url: 'https://x.example/d/two.txt?q=1' }],
      ...[data('three', { filename: 'three.csv' }), data('four')],
      { type: 'input_file', file_data: `data:text/plain;charset=utf-8;base64,${btoa('five')}`, filename: '5' },
    ) as [ReadItem];
    const { input } = await memory.inline({ input: [asked, other] });
    expect(partsOf(input[0])).toEqual([
      ...[before, text('File a.txt:\n\none'), text('File two.txt:\n\ntwo'), text('File three.csv:\n\nthree')],
      ...[text('File file:\n\nfour'), text('File 5:\n\nfive')],
    ]);
    expect(input[1]).toBe(other);
    expect(partsOf(asked)).toContainEqual(expect.objectContaining({ file_id: 'a' }));
  });

  it('reads the outputs of tools, and shows images', async () => {
    const memory = new InMemory({ a: 'one', i: PIXEL_PNG });
    const output = [file('a'), { type: 'input_image', file_id: 'i', detail: 'low' }];
    const shown = [
      text('File a.txt:\n\none'),
      expect.objectContaining({ detail: 'low', image_url: `data:image/png;base64,${PIXEL_PNG.toString('base64')}` }),
    ];
    for (const type of ['function_call_output', 'custom_tool_call_output']) {
      const { input } = await memory.inline({ input: [itemOf({ type, call_id: 'c', output }, 'input[0]')] });
      expect(partsOf(input[0])).toEqual(shown);
    }
    const linked = { type: 'input_image', image_url: 'https://x.example/i.png' };
    const [item] = inputOf(linked) as [ReadItem];
    expect((await memory.inline({ input: [item] })).input[0]).toBe(item);
  });

  it.each<[string, object, string, object]>([
    ['an unknown file', file('b'), 'file_id', { code: 'file.not_found', status: 404 }],
    ['an unknown image', { type: 'input_image', file_id: 'b' }, 'file_id', { code: 'file.not_found' }],
    [
      'a binary file',
      file('bin'),
      'file_id',
      { message: expect.stringContaining('neither a PDF nor a text in UTF-8') },
    ],
    ['an image as file', file('png'), 'file_id', { message: expect.stringContaining('send it as `input_image`') }],
    [
      'a text as image',
      { type: 'input_image', file_id: 'a' },
      'file_id',
      { message: expect.stringContaining('not a PNG') },
    ],
    ['a text that is too long', file('long'), 'file_id', { message: expect.stringContaining('2000000 characters') }],
    [
      'data that is not base64',
      { ...data('a'), file_data: 'a?' },
      'file_data',
      { message: expect.stringContaining('base64') },
    ],
    [
      'a text as data',
      { ...data('a'), file_data: 'data:text/plain,a' },
      'file_data',
      { message: expect.stringContaining('base64') },
    ],
    [
      'data that is too large',
      { ...data('a'), file_data: 'A'.repeat(33 * MEBIBYTE * (4 / 3)) },
      'file_data',
      { message: expect.stringContaining(`larger than ${32 * MEBIBYTE} bytes`) },
    ],
    [
      'a page that is not found',
      { type: 'input_file', file_url: 'https://x.example/404' },
      'file_url',
      { message: expect.stringContaining('status 404') },
    ],
    [
      'a URL that cannot be reached',
      { type: 'input_file', file_url: 'https://y.example' },
      'file_url',
      { code: 'egress.unreachable' },
    ],
  ])('rejects %s, and names the field', async (_, part, field, expected) => {
    const memory = new InMemory(
      { a: 'a', bin: Buffer.from([0, 1, 0xff]), png: PIXEL_PNG, long: 'a'.repeat(2_000_001) },
      { 'https://x.example/404': { status: '404' } },
    );
    const param = `input[0].content[1].${field}`;
    const rejected = memory.inline({ input: inputOf(file('a'), part) });
    await expect(rejected).rejects.toMatchObject({ code: 'request.invalid', ...expected, param });
    const output = { type: 'function_call_output', call_id: 'c', output: [part] };
    await expect(memory.inline({ input: [itemOf(output, 'input[3]')] })).rejects.toMatchObject({
      param: `input[3].output[0].${field}`,
    });
  });

  it('reads no file of another project, also if its text is kept', async () => {
    const memory = new InMemory({ a: 'one' });
    await memory.inline({ input: inputOf(file('a')) });
    await expect(memory.inline({ input: inputOf(file('a')) }, NEVER, 'q')).rejects.toMatchObject({
      code: 'file.not_found',
    });
  });

  it('keeps texts and rejections, as long as their files exist', async () => {
    const memory = new InMemory({ a: 'one', bin: Buffer.from([0]) });
    for (let turn = 0; turn < 50; turn += 1) {
      await memory.inline({ history: historyOf(file('a')), input: inputOf(file('a', { filename: `${turn}` })) });
      await expect(memory.inline({ input: inputOf(file('bin')) })).rejects.toMatchObject({ code: 'request.invalid' });
    }
    // Both uses of the first turn begin at once.
    expect(memory.reads).toBeLessThanOrEqual(3);
    delete memory.files['a'];
    await expect(memory.inline({ input: inputOf(file('a')) })).rejects.toMatchObject({ code: 'file.not_found' });
  });

  it('tells the model of a file of an earlier turn that cannot be read any more', async () => {
    const memory = new InMemory({ bin: Buffer.from([0]) });
    const { history } = await memory.inline({
      history: historyOf(file('gone', { filename: 'a.pdf' }), { type: 'input_image', file_id: 'gone' }, file('bin'), {
        type: 'input_file',
        file_url: 'https://y.example/b.txt',
      }),
    });
    expect(partsOf(history[0])).toEqual([
      text('[The file a.pdf cannot be read any more: it was deleted, or has expired.]'),
      text('[The image gone cannot be read any more: it was deleted, or has expired.]'),
      text('[The file bin cannot be read any more: it is neither a PDF nor a text in UTF-8.]'),
      expect.objectContaining({
        text: expect.stringMatching(/^\[The file https:\/\/y\.example\/b\.txt cannot be read any more: /),
      }),
    ]);
  });

  it.each([
    ['an outage', new AppError('files.unavailable')],
    ['too many transfers', new AppError('file.too_many_transfers')],
  ])('fails for %s, also in earlier turns', async (_, error) => {
    const memory = new InMemory({ a: error });
    for (const items of [{ history: historyOf(file('a')) }, { input: inputOf(file('a')) }])
      await expect(memory.inline(items)).rejects.toBe(error);
  });

  it('bounds the files of a request and of its context, and their text', async () => {
    const memory = new InMemory({ a: 'one', long: 'a'.repeat(1_999_000) });
    const files = (count: number, id = 'a'): object[] => Array.from({ length: count }, () => file(id));
    await memory.inline({ history: historyOf(...files(224)), input: inputOf(...files(32)) });
    await expect(memory.inline({ input: inputOf(...files(33)) })).rejects.toMatchObject({
      ...{
        code: 'request.invalid',
        param: 'input[0].content[32].file_id',
        message: expect.stringContaining('at most 32 files'),
      },
    });
    await expect(memory.inline({ history: historyOf(...files(257)) })).rejects.toMatchObject({
      ...{ param: 'previous_response_id', message: expect.stringContaining('at most 256 files') },
    });
    await memory.inline({ input: inputOf(...files(12, 'long')) });
    await expect(memory.inline({ input: inputOf(...files(13, 'long')) })).rejects.toMatchObject({
      ...{ code: 'request.invalid', message: expect.stringContaining(`${24 * MEBIBYTE} characters together`) },
    });
  });

  it('gives up when the client is gone', async () => {
    const gone = new AbortController();
    gone.abort();
    const rejected = new InMemory({ a: 'one' }).inline({ input: inputOf(file('a')) }, gone.signal);
    await expect(rejected).rejects.toMatchObject({ code: 'inference.cancelled' });
  });
});
