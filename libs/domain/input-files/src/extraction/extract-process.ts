/** The entry of the process that extracts the text of one file, which it gets from its parent. */
import { htmlText } from './html-text.ts';
import type { FromChild, ToChild } from './messages.ts';
import { pdfText } from './pdf-text.ts';
import { Unreadable } from './unreadable.ts';

function send(message: FromChild): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

async function textOf(file: ToChild): Promise<FromChild> {
  try {
    return { type: 'text', text: file.type === 'pdf' ? await pdfText(file.bytes) : htmlText(file.text) };
  } catch (error) {
    if (error instanceof Unreadable) return { type: 'rejected', reason: error.message };
    throw error;
  }
}

process.on('message', (file: ToChild) => {
  void send({ type: 'begun' })
    .then(() => textOf(file))
    .then(send)
    .then(() => process.disconnect());
});
process.once('disconnect', () => process.exit());
