import { freeBuffer } from './free-buffer.ts';

/** What of a `Writable` is used; a `ServerResponse` is one. */
interface Target {
  write(piece: Uint8Array, onWritten: (error?: Error | null) => void): boolean;
  once(event: 'close', onClose: () => void): unknown;
  off(event: 'close', onClose: () => void): unknown;
}

/**
 * Writes a piece to a connection or file, and frees its memory once the system has it.
 * @throws {Error} when the target is closed, or closes meanwhile.
 */
export function writePiece(target: Target, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('The target was closed before everything was written'));
    target.once('close', onClose);
    target.write(piece, (error) => {
      target.off('close', onClose);
      if (error) {
        reject(error);
        return;
      }
      freeBuffer(piece);
      resolve();
    });
  });
}
