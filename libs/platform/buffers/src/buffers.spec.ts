import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { freeBuffer } from './free-buffer.ts';
import { writePiece } from './write-piece.ts';

describe('freeBuffer', () => {
  it('gives the memory of a buffer back', () => {
    const buffer = Buffer.allocUnsafeSlow(100_000);
    const before = process.memoryUsage().arrayBuffers;
    freeBuffer(buffer);
    expect(buffer).toHaveLength(0);
    expect(process.memoryUsage().arrayBuffers).toBe(before - 100_000);
  });

  it('leaves views of a larger memory, and shared memory', () => {
    const whole = Buffer.allocUnsafeSlow(100);
    const views = [whole.subarray(1), whole.subarray(0, 99), Buffer.from('pooled'), Buffer.alloc(0)];
    const shared = Buffer.from(new SharedArrayBuffer(10));
    const lengths = [...views, shared].map(({ length }) => length);
    for (const view of [...views, shared]) freeBuffer(view);
    expect([...views, shared].map(({ length }) => length)).toEqual(lengths);
  });

  it('does nothing twice', () => {
    const buffer = Buffer.allocUnsafeSlow(10);
    freeBuffer(buffer);
    expect(() => freeBuffer(buffer)).not.toThrow();
  });
});

describe('writePiece', () => {
  it('keeps the memory until the piece is written, and frees it then', async () => {
    let written: () => void = () => undefined;
    const target = new Writable({ write: (_, __, done) => (written = done) });
    const piece = Buffer.allocUnsafeSlow(10);
    const writing = writePiece(target, piece);
    expect(piece).toHaveLength(10);
    written();
    await writing;
    expect(piece).toHaveLength(0);
    expect(target.listenerCount('close')).toBe(0);
  });

  it('rejects when the target fails, is closed meanwhile, or was before', async () => {
    const failing = new Writable({ write: (_, __, done) => done(new Error('full')) });
    failing.on('error', () => undefined);
    await expect(writePiece(failing, Buffer.alloc(1))).rejects.toThrow('full');
    const closing = new Writable({ write: () => undefined });
    const writing = writePiece(closing, Buffer.alloc(1));
    closing.destroy();
    await expect(writing).rejects.toThrow();
    await expect(writePiece(new PassThrough().destroy(), Buffer.alloc(1))).rejects.toThrow();
  });

  it('sends what was written to a peer that reads slowly, unchanged', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [Socket];
    const read = (async () => {
      let at = 0;
      for await (const chunk of peer as AsyncIterable<Buffer>)
        for (const byte of chunk) {
          if (byte !== Math.floor(at / 1_000_000)) throw new Error(`${byte} at ${at}`);
          at += 1;
        }
      return at;
    })();
    for (let i = 0; i < 12; i += 1) await writePiece(socket, Buffer.allocUnsafeSlow(1_000_000).fill(i));
    socket.end();
    expect(await read).toBe(12_000_000);
    server.close();
  });
});
