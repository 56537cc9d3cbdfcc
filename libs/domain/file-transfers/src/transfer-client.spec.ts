import { storedFile } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { TransferClient } from './transfer-client.ts';

let respond: (response: ServerResponse, request: IncomingMessage) => void;
const server = createServer((request, response) => respond(response, request));
const sut = new TransferClient();
const transfer = (): { url: string; ticket: string } => ({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  ticket: 'a ticket',
});

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  await sut.onModuleDestroy();
  server.close();
});

const UNAVAILABLE = { code: 'files.unavailable' };

describe('content', () => {
  it('comes as it was sent', async () => {
    respond = (response) => response.end('abc');
    expect(await buffer(await sut.openContent(transfer()))).toEqual(Buffer.from('abc'));
  });

  it('that breaks off is an outage', async () => {
    respond = (response) => {
      response.writeHead(200, { 'content-length': 10 }).write('abc', () => response.destroy());
    };
    await expect(sut.openContent(transfer()).then(buffer)).rejects.toMatchObject(UNAVAILABLE);
  });

  it('that nobody wants any more is not sent any further', async () => {
    let closed: Promise<unknown> | undefined;
    respond = (response) => {
      closed = once(response, 'close');
      response.writeHead(200).write('abc');
    };
    const content = await sut.openContent(transfer());
    content.destroy();
    await closed;
  });
});

describe('content that is passed on', () => {
  const received = async (): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    const write = (piece: Buffer, _: string, done: () => void): void => {
      pieces.push(Buffer.from(piece));
      done();
    };
    await (await sut.receiveContent(transfer())).sendTo(new Writable({ write }));
    return Buffer.concat(pieces);
  };

  it('comes as it was sent', async () => {
    respond = (response, { headers }) => {
      const text = headers.authorization ?? '';
      response.writeHead(200, { 'content-length': text.length }).end(text);
    };
    expect((await received()).toString()).toBe('Bearer a ticket');
  });

  it('is rejected as by the bus', async () => {
    respond = (response) => {
      const body = JSON.stringify(new AppError('file.too_many_transfers', {}, { retryAfterSeconds: 1 }).toWire());
      response.writeHead(503, { 'content-length': Buffer.byteLength(body) }).end(body);
    };
    await expect(received()).rejects.toMatchObject({ code: 'file.too_many_transfers' });
  });

  it('that breaks off is an outage', async () => {
    respond = (response) => {
      response.writeHead(200, { 'content-length': 10 }).write('abc', () => response.destroy());
    };
    await expect(received()).rejects.toMatchObject(UNAVAILABLE);
  });
});

describe('a form', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['before the response', (response) => response.destroy()],
    ['within it', (response) => response.writeHead(200, { 'content-length': 10 }).write('{', () => response.destroy())],
  ])('whose connection breaks off %s is an outage', async (_, fail) => {
    respond = (response, request) => {
      request.resume().once('end', () => fail(response));
    };
    const form = { body: Readable.from([Buffer.from('form')]), contentType: 'multipart/form-data; boundary=b' };
    await expect(sut.sendForm(transfer(), '/files', form, storedFile)).rejects.toMatchObject(UNAVAILABLE);
  });
});
