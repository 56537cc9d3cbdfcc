import fc from 'fast-check';
import { anyChunking, singleBytes } from './any-chunking.testing.ts';
import { HttpResponseParser } from './http-response-parser.ts';

interface Response {
  status: number;
  body: string;
  reusable: boolean;
}

function parse(chunks: Buffer[], closed = false): { responses: Response[]; ended: boolean } {
  const responses: Response[] = [];
  let status = 0;
  let body = '';
  const parser = new HttpResponseParser({
    head: (received) => {
      status = received;
      body = '';
    },
    body: (part) => {
      body += part.toString('latin1');
    },
    end: (reusable) => responses.push({ status, body, reusable }),
  });
  for (const chunk of chunks) parser.push(chunk);
  return { responses, ended: closed && parser.close() };
}

const sized = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello';
const chunked =
  'HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\nX-Some: thing\r\n\r\n' +
  'a;extension=1\r\n0123456789\r\n3\r\n\r\n!\r\n0\r\nTrailer: yes\r\n\r\n';
const early = 'HTTP/1.1 100 Continue\r\n\r\n';
const empty = 'HTTP/1.1 204 No Content\r\n\r\n';
const last = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
const all = [
  { status: 200, body: 'hello', reusable: true },
  { status: 400, body: '0123456789\r\n!', reusable: true },
  { status: 204, body: '', reusable: true },
  { status: 200, body: '', reusable: false },
];

describe('HttpResponseParser', () => {
  it('parses the same responses however the bytes are chunked', () => {
    const bytes = Buffer.from(sized + early + chunked + empty + last);
    expect(parse(singleBytes(bytes)).responses).toEqual(all);
    fc.assert(fc.property(anyChunking(bytes), (chunks) => expect(parse(chunks).responses).toEqual(all)));
  });

  it('ends only a body without a length when the connection is closed', () => {
    const open = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata');
    expect(parse([open], true)).toEqual({ responses: [{ status: 200, body: 'data', reusable: false }], ended: true });
    expect(parse([Buffer.from(sized.slice(0, -1))], true)).toEqual({ responses: [], ended: false });
    expect(parse([Buffer.from(chunked.slice(0, -2))], true)).toEqual({ responses: [], ended: false });
  });

  it.each([
    ['something that is not HTTP', 'SSH-2.0-server\r\n'],
    ['a chunk longer than its size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n'],
    ['an invalid chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n'],
    ['an invalid content length', 'HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n'],
  ])('rejects %s', (_name, bytes) => {
    expect(() => parse([Buffer.from(bytes)])).toThrow();
  });
});
