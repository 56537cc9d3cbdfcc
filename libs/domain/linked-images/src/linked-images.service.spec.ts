import { AppError } from '@xerotier/errors';
import type { EgressClient } from '@xerotier/egress';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { Readable } from 'node:stream';
import { hasLinkedImages, LinkedImages } from './linked-images.service.ts';

const NEVER = new AbortController().signal;
const DATA = 'data:image/png;base64,AA==';

function chatWith(...urls: string[]): ChatCompletionRequest {
  const content = urls.map((url) => ({ type: 'image_url', image_url: { url, detail: 'low' } }));
  const messages = [
    { role: 'system', content: 'x' },
    { role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...content] },
  ];
  return { model: 'm', messages } as ChatCompletionRequest;
}

const urlsOf = ({ messages }: ChatCompletionRequest): (string | undefined)[] =>
  (messages[1]?.content as { image_url?: { url: string } }[]).map((part) => part.image_url?.url);

interface Served {
  readonly status?: number;
  readonly type?: string;
  readonly bytes?: number;
}

/** @param serve what the URL has, or throws. */
function newImages(serve: (url: string, signal: AbortSignal | undefined) => Served | Promise<Served>): LinkedImages {
  const fetch: EgressClient['fetch'] = async (url, { signal } = {}) => {
    const { status = 200, type = 'image/png', bytes = 1 } = await serve(url, signal);
    const headers = new Map([['content-type', type]]);
    return { url, status, headers, body: Readable.from([Buffer.alloc(bytes)]) };
  };
  return new LinkedImages({ fetch } as EgressClient);
}

describe('LinkedImages.inline', () => {
  it('puts the content in place of URLs, and leaves everything else as it is', async () => {
    const sut = newImages(() => ({ type: 'Image/PNG; q=1' }));
    const chat = chatWith('https://a.example/1', DATA);
    const inlined = await sut.inline(chat, NEVER);
    expect(urlsOf(inlined)).toEqual([undefined, DATA, DATA]);
    expect(inlined.messages[1]?.content).toMatchObject([{ text: 'What is it?' }, { image_url: { detail: 'low' } }, {}]);
    expect(inlined.messages[0]).toBe(chat.messages[0]);
    expect(urlsOf(chat)[1]).toBe('https://a.example/1');
  });

  it.each<[string, () => Served, object]>([
    ['a status of 404', () => ({ status: 404 }), { code: 'request.invalid', message: expect.stringContaining('404') }],
    [
      'an address that is not allowed',
      () => {
        throw new AppError('egress.address_not_allowed');
      },
      { code: 'egress.address_not_allowed', status: 400 },
    ],
  ])('rejects %s, and names the field', async (_, serve, expected) => {
    const rejected = newImages(serve).inline(chatWith(DATA, 'https://a.example/1'), NEVER);
    await expect(rejected).rejects.toMatchObject({ ...expected, param: 'messages[1].content[2].image_url.url' });
  });

  it('names the field of the request that the chat was made of', async () => {
    const sut = newImages(() => ({ status: 404 }));
    const rejected = sut.inline(chatWith(DATA, 'https://a.example/1'), NEVER, (...at) => `input[${at.join('][')}]`);
    await expect(rejected).rejects.toMatchObject({
      param: 'input[1][2]',
      message: expect.stringContaining('input[1][2]'),
    });
  });

  it('puts each content in its place, in several messages', async () => {
    const sut = newImages((url) => ({ bytes: Number(url.at(-1)) }));
    const { messages } = chatWith('https://a.example/1', DATA, 'https://a.example/2');
    const [, more] = chatWith('https://a.example/3').messages;
    const inlined = await sut.inline({ model: 'm', messages: [...messages, more] } as ChatCompletionRequest, NEVER);
    const last = { model: 'm', messages: inlined.messages.slice(1) } as ChatCompletionRequest;
    const zeros = (bytes: number): string => `data:image/png;base64,${Buffer.alloc(bytes).toString('base64')}`;
    expect([...urlsOf(inlined), ...urlsOf(last)]).toEqual([undefined, zeros(1), DATA, zeros(2), undefined, zeros(3)]);
  });

  it('bounds their number and size', async () => {
    const links = Array.from({ length: 17 }, (_, at) => `https://a.example/${at}`);
    const sut = newImages(() => ({ bytes: 7 * 1_024 ** 2 }));
    const param = (part: number): string => `messages[1].content[${part}].image_url.url`;
    await expect(sut.inline(chatWith(...links), NEVER)).rejects.toMatchObject({ param: param(17), status: 400 });
    await expect(sut.inline(chatWith(...links.slice(0, 3)), NEVER)).rejects.toMatchObject({ param: param(1) });
    expect(urlsOf(await sut.inline(chatWith(...links.slice(0, 2)), NEVER))[2]).toHaveLength(9_786_734);
  });

  it('ends the others when one fails, and all when the client is gone', async () => {
    const ended: string[] = [];
    const waits = (url: string, signal: AbortSignal | undefined): Promise<Served> =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          ended.push(url);
          reject(signal.reason as Error);
        });
      });
    const sut = newImages((url, signal) => (url === 'bad' ? { status: 500 } : waits(url, signal)));
    await expect(sut.inline(chatWith('a', 'bad'), NEVER)).rejects.toMatchObject({ code: 'request.invalid' });
    const gone = new AbortController();
    const rejected = expect(sut.inline(chatWith('b'), gone.signal)).rejects.toMatchObject({
      code: 'inference.cancelled',
    });
    gone.abort();
    await rejected;
    expect(ended).toEqual(['a', 'b']);
  });
});

it.each([
  [['https://a.example/1'], true],
  [['file:///etc/passwd'], true],
  [[''], true],
  [[DATA], false],
  [['DATA:image/png;base64,AA=='], false],
  [[], false],
])('hasLinkedImages(%j) is %j', (urls, expected) => {
  expect(hasLinkedImages(chatWith(...urls))).toBe(expected);
});
