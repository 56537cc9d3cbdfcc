/** Files as input of responses: what models are shown of them, and what is rejected. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { hostilePdfs, pdfBytes, PIXEL_PNG } from '@xerotier/input-files/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI, { toFile } from 'openai';
import { ResponsesClient, scriptedText } from './support/responses-client.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { addTenant } from './support/tenant.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Sees images. The endpoint `text` has a model that does not. */
const upstream = new ScriptedUpstream();
const site = createServer(({ url = '' }, response) => {
  const send = (type: string, body: string | Buffer): void =>
    void response.writeHead(200, { 'content-type': type }).end(body);
  if (url === '/page') send('text/html; charset=iso-8859-1', Buffer.from('<h1>Caf\xe9</h1>', 'latin1'));
  else if (url === '/reports/annual%20report.pdf') send('application/pdf', pdfBytes('Annual report'));
  else if (url === '/inside') response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
  else response.writeHead(404).end();
});
const siteUrl = (path: string): string => `http://127.0.0.1:${(site.address() as AddressInfo).port}${path}`;

const test = dedicatedPlatform(async () => {
  await upstream.start();
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  const seeing = upstream.plan();
  const reading = scriptedPlatform();
  return {
    models: [...seeing.models, ...reading.models],
    endpoints: [...seeing.endpoints, ...reading.endpoints.map((endpoint) => ({ ...endpoint, slug: 'text' }))],
    workers: [...seeing.workers, ...reading.workers],
    env: {
      EGRESS_ALLOWED_NETWORKS: '127.0.0.0/8',
      EGRESS_PORTS: `80,${(site.address() as AddressInfo).port}`,
    },
  };
});
afterAll(async () => {
  await upstream.stop();
  site.closeAllConnections();
  site.close();
});

let client: ResponsesClient;
beforeEach(() => {
  client = new ResponsesClient(test.description, test.schema);
  upstream.takeRequests();
});

async function upload(
  name: string,
  content: string | Buffer,
  purpose: OpenAI.FilePurpose = 'user_data',
): Promise<string> {
  const file = await toFile(Buffer.from(content as string), name);
  return (await client.openai.files.create({ file, purpose })).id;
}

const message = (...content: object[]): Fields => ({ type: 'message', role: 'user', content });
const file = (fields: Fields): Fields => ({ type: 'input_file', ...fields });
const image = (id: string): Fields => ({ type: 'input_image', file_id: id, detail: 'auto' });
const inline = (name: string, content: string | Buffer): Fields =>
  file({
    filename: name,
    file_data: `data:application/octet-stream;base64,${Buffer.from(content as string).toString('base64')}`,
  });

/** The messages of the request that the engine has received last. */
function seen(): unknown {
  return upstream.takeRequests().at(-1)?.body['messages'];
}

/** Expects the rejection of a part in each way that a context can be used, and that no model has seen it. */
async function expectRejected(part: Fields, field: string, expected: Fields, model = 'chat'): Promise<void> {
  const input = ['first', message({ type: 'input_text', text: 'Read:' }, part)].map((item) =>
    typeof item === 'string' ? message({ type: 'input_text', text: item }) : item,
  ) as never;
  const { responses } = client.openai;
  const param = `input[1].content[1]${field}`;
  const attempts = [
    () => responses.create({ model, input }),
    () => responses.create({ model, input, stream: true }),
    () => responses.inputTokens.count({ model, input }),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ status: 400, ...expected, param });
  expect(upstream.takeRequests()).toEqual([]);
}

describe('a file', () => {
  const shown = (text: string): unknown => [
    {
      role: 'user',
      content: [
        { type: 'text', text },
        { type: 'text', text: '?' },
      ],
    },
  ];
  const ask = (part: Fields): Promise<OpenAI.Responses.Response> =>
    client.create({ input: [message(part, { type: 'input_text', text: '?' })] as never });

  it.each<[string, string | Buffer, string]>([
    ['notes.txt', '\ufeffone\ntwo é😀\n', 'one\ntwo é😀\n'],
    ['table.csv', 'a,b\n1,2\n', 'a,b\n1,2\n'],
    ['data.json', '{"a": 1}', '{"a": 1}'],
    ['main.ts', 'export const a = 1;', 'export const a = 1;'],
    ['Überblick.md', '# Title', '# Title'],
    ['utf-16.txt', Buffer.from('\ufeffhé', 'utf16le'), 'hé'],
    ['page.html', '<html><body><script>x()</script><h1>Title</h1><p>a <a href="/b">b</a></p>', 'Title\n\na b'],
    ['report.pdf', pdfBytes('Hello there', 'second page'), 'Hello there\n\nsecond page'],
    ['empty.txt', '', ''],
  ])('by its id: %s', async (name, content, text) => {
    await ask(file({ file_id: await upload(name, content) }));
    expect(seen()).toEqual(shown(`File ${name}:\n\n${text}`));
  });

  it.each<OpenAI.FilePurpose>(['assistants', 'user_data', 'vision', 'evals'])(
    'with the purpose %s',
    async (purpose) => {
      await ask(file({ file_id: await upload('a.txt', 'one', purpose) }));
      expect(seen()).toEqual(shown('File a.txt:\n\none'));
    },
  );

  it('as data, in base64 and as data URL', async () => {
    await ask(inline('a.pdf', pdfBytes('Hello')));
    expect(seen()).toEqual(shown('File a.pdf:\n\nHello'));
    await ask(file({ filename: 'b.txt', file_data: Buffer.from('one').toString('base64') }));
    expect(seen()).toEqual(shown('File b.txt:\n\none'));
  });

  it('by its URL', async () => {
    await ask(file({ file_url: siteUrl('/reports/annual%20report.pdf') }));
    expect(seen()).toEqual(shown('File annual report.pdf:\n\nAnnual report'));
    await ask(file({ file_url: siteUrl('/page') }));
    expect(seen()).toEqual(shown('File page:\n\nCafé'));
  });

  it('of messages of developers', async () => {
    await client.create({
      input: [
        { type: 'message', role: 'developer', content: [inline('rules.txt', 'Be brief.')] },
        message({ type: 'input_text', text: '?' }),
      ] as never,
    });
    expect(seen()).toEqual([
      { role: expect.stringMatching(/developer|system/), content: 'File rules.txt:\n\nBe brief.' },
      { role: 'user', content: '?' },
    ]);
  });

  it('of outputs of tools, with images after them', async () => {
    const id = await upload('pixel.png', PIXEL_PNG, 'vision');
    const call = (name: string, type: string): Fields =>
      type === 'function_call'
        ? { type, call_id: name, name: 'read', arguments: '{}' }
        : { type, call_id: name, name: 'read', input: '' };
    await client.create({
      input: [
        ...[call('call_1', 'function_call'), call('call_2', 'custom_tool_call')],
        { type: 'function_call_output', call_id: 'call_1', output: [inline('a.txt', 'one'), image(id)] },
        { type: 'custom_tool_call_output', call_id: 'call_2', output: [inline('b.txt', 'two')] },
      ] as never,
    });
    expect(seen()).toMatchObject([
      { role: 'assistant' },
      { role: 'tool', tool_call_id: 'call_1', content: 'File a.txt:\n\none' },
      { role: 'tool', tool_call_id: 'call_2', content: 'File b.txt:\n\ntwo' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Images that the tool returned for the call call_1:' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL_PNG.toString('base64')}` } },
        ],
      },
    ]);
  });

  it('is in the input items as it came', async () => {
    const id = await upload('a.txt', 'one');
    const parts = [
      file({ file_id: id }),
      inline('b.txt', 'two'),
      file({ file_url: siteUrl('/page') }),
      image(await upload('p.png', PIXEL_PNG)),
    ];
    const { id: response } = await client.create({ input: [message(...parts)] as never });
    const items = await client.openai.responses.inputItems.list(response);
    const list = test.schema.expectValid('ResponseItemList', (items as unknown as { body: object }).body);
    expect((list as unknown as { data: Fields[] }).data[0]?.['content']).toEqual(parts);
  });

  it('is read in the background', async () => {
    const id = await upload('a.txt', 'one');
    const { id: response } = await client.create({
      background: true,
      input: [message(file({ file_id: id }))] as never,
    });
    for (;;) {
      const { status } = await client.retrieve(response);
      if (status === 'queued' || status === 'in_progress') continue;
      expect(status).toBe('completed');
      break;
    }
    expect(JSON.stringify(seen())).toContain('File a.txt:');
    const unknown = client.create({ background: true, input: [message(file({ file_id: 'file-1' }))] as never });
    await expect(unknown).rejects.toMatchObject({ status: 404, param: 'input[0].content[0].file_id' });
  });

  it('is counted and compacted as its text', async () => {
    const count = async (...content: object[]): Promise<number> =>
      (await client.openai.responses.inputTokens.count({ model: 'text', input: [message(...content)] as never }))
        .input_tokens;
    const one = await count(inline('a.txt', 'one'));
    expect(await count(inline('a.txt', 'one two three'))).toBe(one + 2);
    const part = inline('a.pdf', pdfBytes('the words'));
    const compaction = await client.openai.responses.compact({
      model: 'text',
      input: [message(part), message({ type: 'input_text', text: scriptedText({ text: 'short' }) })] as never,
    });
    test.schema.expectValid('CompactResource', compaction);
    expect(compaction.output[0]).toMatchObject({ content: [part] });
  });
});

describe('an image by its id', () => {
  it('is shown to models that see', async () => {
    const id = await upload('pixel.png', PIXEL_PNG, 'vision');
    await client.create({ input: [message({ ...image(id), detail: 'low' })] as never });
    const url = `data:image/png;base64,${PIXEL_PNG.toString('base64')}`;
    expect(seen()).toEqual([{ role: 'user', content: [{ type: 'image_url', image_url: { url, detail: 'low' } }] }]);
  });

  it('is rejected for others, as are linked ones', async () => {
    const expected = { code: 'unsupported_parameter' };
    const id = await upload('pixel.png', PIXEL_PNG);
    await expectRejected(image(id), '', expected, 'text');
    const url = `data:image/png;base64,${PIXEL_PNG.toString('base64')}`;
    await expectRejected({ type: 'input_image', image_url: url, detail: 'auto' }, '', expected, 'text');
  });
});

describe('what cannot be read', () => {
  it.each<[string, () => Promise<Fields> | Fields, string, Fields]>([
    [
      'an unknown file',
      () => file({ file_id: 'file-0123456789abcdef01234567' }),
      '.file_id',
      { status: 404, code: 'file_not_found' },
    ],
    [
      'an id that no file can have',
      () => file({ file_id: 'a\0b' }),
      '.file_id',
      { status: 404, code: 'file_not_found' },
    ],
    [
      'an unknown image',
      () => image('file-0123456789abcdef01234567'),
      '.file_id',
      { status: 404, code: 'file_not_found' },
    ],
    [
      'a deleted file',
      async () => {
        const id = await upload('a.txt', 'one');
        await client.create({ input: [message(file({ file_id: id }))] as never });
        await client.openai.files.delete(id);
        upstream.takeRequests();
        return file({ file_id: id });
      },
      '.file_id',
      { status: 404, code: 'file_not_found' },
    ],
    ['a binary file', async () => file({ file_id: await upload('a.bin', Buffer.from([0, 1, 255])) }), '.file_id', {}],
    ['an image as file', async () => file({ file_id: await upload('a.png', PIXEL_PNG) }), '.file_id', {}],
    ['a text as image', async () => image(await upload('a.txt', 'one')), '.file_id', {}],
    ['data that is not base64', () => file({ filename: 'a.txt', file_data: 'no base64!' }), '.file_data', {}],
    ['two sources', () => ({ ...inline('a.txt', 'one'), file_url: siteUrl('/page') }), '.file_id', {}],
    ['a page that does not exist', () => file({ file_url: siteUrl('/nothing') }), '.file_url', {}],
    [
      'a linked image that does not exist',
      () => ({ type: 'input_image', image_url: siteUrl('/nothing'), detail: 'auto' }),
      '.image_url',
      {},
    ],
    ['an internal address', () => file({ file_url: 'http://169.254.169.254/latest' }), '.file_url', {}],
    ['a redirect to an internal address', () => file({ file_url: siteUrl('/inside') }), '.file_url', {}],
    ['a file of the machine', () => file({ file_url: 'file:///etc/passwd' }), '.file_url', {}],
  ])('is rejected: %s', async (_, part, field, expected) => {
    await expectRejected(await part(), field, expected);
  });

  it.each(Object.keys(hostilePdfs) as (keyof typeof hostilePdfs)[])('is rejected: a PDF with %s', async (name) => {
    const id = await upload(`${name}.pdf`, hostilePdfs[name]());
    await expectRejected(file({ file_id: id }), '.file_id', { code: 'invalid_request' });
    // The service lives.
    await client.create({ input: [message(inline('a.pdf', pdfBytes('fine')))] as never });
  });

  it('is rejected: a file of another project, although its own project reads it', async () => {
    const other = await addTenant(test.platform, 'upstream');
    const id = await upload('secret.txt', 'secret');
    const input = [message(file({ file_id: id }))] as never;
    await client.create({ input });
    upstream.takeRequests();
    const { baseUrl } = test.description;
    const foreign = new OpenAI({ baseURL: `${baseUrl}/${other.projectId}/v1`, apiKey: other.apiKey, maxRetries: 0 });
    for (const params of [{}, { stream: true }, { background: true }])
      await expect(foreign.responses.create({ model: 'chat', input, ...params } as never)).rejects.toMatchObject({
        ...{ status: 404, code: 'file_not_found', param: 'input[0].content[0].file_id' },
      });
    expect(upstream.takeRequests()).toEqual([]);
  });
});

describe('a file of an earlier turn', () => {
  const next = { type: 'input_text', text: 'next' };

  it('is shown again, also to another model and in a conversation', async () => {
    const id = await upload('report.pdf', pdfBytes('the report'));
    const { id: first } = await client.create({ input: [message(file({ file_id: id }))] as never });
    await client.create({ input: [message(next)] as never, previous_response_id: first });
    expect(seen()).toMatchObject([
      { content: 'File report.pdf:\n\nthe report' },
      { role: 'assistant' },
      { content: 'next' },
    ]);
    const { id: conversation } = await client.openai.conversations.create({
      items: [message(file({ file_id: id }))] as never,
    });
    await client.create({ input: [message(next)] as never, conversation });
    expect(seen()).toMatchObject([{ content: 'File report.pdf:\n\nthe report' }, { content: 'next' }]);
    const elsewhere = await client.create({ model: 'text', input: 'next', previous_response_id: first });
    expect(elsewhere.status).toBe('completed');
  });

  it('that was deleted is a text that says so, and the chain goes on', async () => {
    const id = await upload('report.pdf', pdfBytes('the report'));
    const picture = await upload('pixel.png', PIXEL_PNG);
    const parts = [file({ file_id: id, filename: 'report.pdf' }), image(picture)];
    const { id: first } = await client.create({ input: [message(...parts)] as never });
    for (const each of [id, picture]) await client.openai.files.delete(each);
    await client.create({ input: [message(next)] as never, previous_response_id: first });
    expect(seen()).toMatchObject([
      {
        content: [
          { text: '[The file report.pdf cannot be read any more: it was deleted, or has expired.]' },
          { text: `[The image ${picture} cannot be read any more: it was deleted, or has expired.]` },
        ],
      },
      { role: 'assistant' },
      { content: 'next' },
    ]);
  });
});

it('is a 503 while the files service is down, also for earlier turns, and works again after that', async () => {
  const id = await upload('a.txt', 'one');
  const input = [message(file({ file_id: id }))] as never;
  const { id: first } = await client.create({ input });
  const later = { input: 'next', previous_response_id: first };
  const files = test.platform.service('files');
  await files.stop();
  upstream.takeRequests();
  for (const params of [{ input }, { input, background: true }, later])
    await expect(client.create(params)).rejects.toMatchObject({ status: 503 });
  expect(upstream.takeRequests()).toEqual([]);
  // What names no stored file is read.
  await client.create({ input: [message(inline('b.pdf', pdfBytes('data')))] as never });
  await files.start();
  await eventually('it works again', () => client.create(later).then(() => true));
});
