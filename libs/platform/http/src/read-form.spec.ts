import { AppError } from '@xerotier/errors';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { readForm } from './read-form.ts';
import type { IncomingFile } from './read-form.ts';

const TYPE = 'multipart/form-data; boundary=b';
const HEAD = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
const END = '\r\n--b--\r\n';
const CHUNK = Buffer.alloc(64 * 1_024, 'x');

/** A form with one file of this many chunks. */
async function* aForm(chunks: number, onChunk: (index: number) => void = () => undefined): AsyncGenerator<Buffer> {
  yield Buffer.from(HEAD);
  for (let index = 0; index < chunks; index += 1) {
    onChunk(index);
    yield CHUNK;
  }
  yield Buffer.from(END);
}

async function sizeOf({ content }: IncomingFile): Promise<number> {
  let bytes = 0;
  for await (const chunk of content) bytes += (chunk as Buffer).length;
  return bytes;
}

const BOUND = 1024 ** 3;

describe('readForm', () => {
  it('consumes files as they come: it reads ahead by little', async () => {
    let sent = 0;
    let ahead = 0;
    const onFile = async ({ content }: IncomingFile): Promise<number> => {
      let consumed = 0;
      for await (const chunk of content) {
        consumed += (chunk as Buffer).length;
        await delay(0);
        ahead = Math.max(ahead, (sent + 1) * CHUNK.length - consumed);
      }
      return consumed;
    };
    const form = aForm(100, (index) => (sent = index));
    expect(await readForm(form, TYPE, { bytesMax: BOUND, onFile })).toEqual({
      fields: [],
      files: [100 * CHUNK.length],
    });
    expect(ahead).toBeLessThan(8 * CHUNK.length);
  });

  it('ignores a file that nobody takes', async () => {
    const read = await readForm(aForm(40), TYPE, { bytesMax: BOUND, onFile: () => undefined });
    expect(read).toEqual({ fields: [], files: [] });
  });

  it('fails with the error of the consumer, and reads no further', async () => {
    let sent = 0;
    const onFile = async ({ content }: IncomingFile): Promise<void> => {
      for await (const _ of content) throw new AppError('store.unavailable');
    };
    const form = aForm(10_000, (index) => (sent = index));
    await expect(readForm(form, TYPE, { bytesMax: BOUND, onFile })).rejects.toMatchObject({
      code: 'store.unavailable',
    });
    expect(sent).toBeLessThan(100);
  });

  it('fails with the error of a consumer that takes its time to fail', async () => {
    const onFile = async ({ content }: IncomingFile): Promise<void> => {
      let bytes = 0;
      try {
        for await (const chunk of content) {
          bytes += (chunk as Buffer).length;
          if (bytes > 50 * CHUNK.length) throw new AppError('store.unavailable');
        }
      } finally {
        await delay(50);
      }
    };
    await expect(readForm(aForm(10_000), TYPE, { bytesMax: BOUND, onFile })).rejects.toMatchObject({
      code: 'store.unavailable',
    });
  });

  it('fails if a consumer does not read to the end', async () => {
    const onFile = async ({ content }: IncomingFile): Promise<void> => {
      for await (const _ of content) break;
    };
    await expect(readForm(aForm(10_000), TYPE, { bytesMax: BOUND, onFile })).rejects.toThrow('to its end');
  });

  it('fails with the error of the body, and so does the content of the file', async () => {
    const gone = new Error('the client is gone');
    let seen: unknown;
    async function* cut(): AsyncGenerator<Buffer> {
      yield* [Buffer.from(HEAD), CHUNK];
      throw gone;
    }
    const onFile = (file: IncomingFile): Promise<number> =>
      sizeOf(file).catch((error: unknown) => {
        seen = error;
        throw error;
      });
    await expect(readForm(cut(), TYPE, { bytesMax: BOUND, onFile })).rejects.toBe(gone);
    expect(seen).toBe(gone);
  });

  it('rejects a form that ends within a file', async () => {
    async function* cut(): AsyncGenerator<Buffer> {
      yield* [Buffer.from(HEAD), CHUNK];
    }
    await expect(readForm(cut(), TYPE, { bytesMax: BOUND, onFile: sizeOf })).rejects.toMatchObject({
      code: 'request.invalid',
    });
  });

  it.each<[string, (file: IncomingFile) => Promise<number> | undefined]>([
    ['that nobody takes', () => undefined],
    ['whose consumer has not begun', (file) => delay(50).then(() => sizeOf(file))],
  ])('rejects a form that ends within a file %s', async (_, onFile) => {
    async function* cut(): AsyncGenerator<Buffer> {
      yield Buffer.from(`${HEAD}abc`);
    }
    await expect(readForm(cut(), TYPE, { bytesMax: BOUND, onFile })).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('is bounded as a whole', async () => {
    const bytes = HEAD.length + 10 * CHUNK.length + END.length;
    expect((await readForm(aForm(10), TYPE, { bytesMax: bytes, onFile: sizeOf })).files).toEqual([10 * CHUNK.length]);
    await expect(readForm(aForm(10), TYPE, { bytesMax: bytes - 1, onFile: sizeOf })).rejects.toMatchObject({
      code: 'request.too_large',
    });
  });
});

describe('a request whose form is rejected before its end', () => {
  it('leaves its connection to the next one', async () => {
    const server = createServer((received, response) => {
      readForm(received, TYPE, { bytesMax: 2 * CHUNK.length, onFile: ({ content }) => text(content) }).then(
        () => response.end('read'),
        () => response.writeHead(413).end('rejected'),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = async (chunks: number): Promise<string> => {
      const { port } = server.address() as AddressInfo;
      const sent = request({ agent, port, method: 'POST', host: '127.0.0.1' });
      const responded = once(sent, 'response') as Promise<[IncomingMessage]>;
      sent.end(Buffer.concat([Buffer.from(HEAD), ...Array.from({ length: chunks }, () => CHUNK), Buffer.from(END)]));
      const [response] = await responded;
      return text(response);
    };
    try {
      expect([await send(200), await send(1), await send(200), await send(1)]).toEqual([
        'rejected',
        'read',
        'rejected',
        'read',
      ]);
    } finally {
      agent.destroy();
      server.close();
    }
  });
});
