/**
 * The entry of the process that checks a model. It may read its own code and nothing else, starts no processes and no threads, and
 * gets the content of the files from its parent.
 */
import { inspectModel } from '../checks/inspect-model.ts';
import type { ByteRange, ModelFile } from '../files/model-file.ts';
import { ModelRejection } from '../files/rejection.ts';
import { PIECE_BYTES_MAX } from './messages.ts';
import type { FromChild, ToChild } from './messages.ts';

const STACK_LENGTH_MAX = 4_000;

let receive: (bytes: Uint8Array) => void = () => undefined;

function send(message: FromChild): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

function fileOf({ name, size }: { readonly name: string; readonly size: number }, at: number): ModelFile {
  async function* read({ start, end }: ByteRange): AsyncGenerator<Uint8Array> {
    for (let from = start; from < end; from += PIECE_BYTES_MAX) {
      const received = new Promise<Uint8Array>((resolve) => {
        receive = resolve;
      });
      await send({ type: 'read', file: at, start: from, end: Math.min(end, from + PIECE_BYTES_MAX) });
      yield await received;
    }
  }
  return { name, size, read };
}

async function check(files: Extract<ToChild, { type: 'check' }>['files']): Promise<void> {
  const result: FromChild = await inspectModel(files.map(fileOf)).then(
    (facts) => ({ type: 'accepted', facts }) as const,
    (error: unknown) => {
      if (error instanceof ModelRejection)
        return { type: 'rejected', reason: error.message, file: error.file } as const;
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { type: 'failed', stack: stack.slice(0, STACK_LENGTH_MAX) } as const;
    },
  );
  await send(result);
  process.disconnect();
}

process.on('message', (message: ToChild) => {
  if (message.type === 'bytes') receive(message.bytes);
  else void check(message.files);
});
process.once('disconnect', () => process.exit());
