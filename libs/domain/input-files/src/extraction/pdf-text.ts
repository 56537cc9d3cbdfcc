import { getDocumentProxy } from 'unpdf';
import { PAGES_MAX, TEXT_LENGTH_MAX } from './messages.ts';
import { tooLong, Unreadable } from './unreadable.ts';

type Document = Awaited<ReturnType<typeof getDocumentProxy>>;

/** Returns the text of the pages, one after the other. @throws {Unreadable} */
export async function pdfText(bytes: Uint8Array): Promise<string> {
  const document = await opened(bytes);
  if (document.numPages > PAGES_MAX) throw new Unreadable(`it has more than ${PAGES_MAX} pages`);
  const pages: string[] = [];
  let length = 0;
  for (let number = 1; number <= document.numPages; number += 1) {
    const text = await pageText(document, number, TEXT_LENGTH_MAX - length);
    length += text.length;
    pages.push(text);
  }
  const text = pages.join('\n\n').trim();
  if (text === '') throw new Unreadable('it has no text that can be extracted: its pages may be images');
  return text;
}

async function opened(bytes: Uint8Array): Promise<Document> {
  try {
    // It takes no Buffer, which is what the channel to the parent makes of bytes.
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
  } catch (error) {
    if ((error as Error).name === 'PasswordException') throw new Unreadable('it is encrypted');
    throw new Unreadable('it is not a valid PDF', { cause: error });
  }
}

/** Stops reading at the length, however much text the page has. */
async function pageText(document: Document, number: number, lengthMax: number): Promise<string> {
  const parts: string[] = [];
  let length = 0;
  try {
    const page = await document.getPage(number);
    const reader = (page.streamTextContent() as ReadableStream<{ items: readonly object[] }>).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (const item of value.items) {
        if (!('str' in item) || !('hasEOL' in item)) continue;
        const text = `${String(item.str)}${item.hasEOL === true ? '\n' : ''}`;
        length += text.length;
        if (length > lengthMax) throw tooLong();
        parts.push(text);
      }
    }
    page.cleanup();
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(`its page ${number} is not valid`, { cause: error });
  }
  return parts.join('');
}
