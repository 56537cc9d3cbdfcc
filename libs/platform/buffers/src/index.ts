export { freeBuffer } from './free-buffer.ts';
export { writePiece } from './write-piece.ts';
