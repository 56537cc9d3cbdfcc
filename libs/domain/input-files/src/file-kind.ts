/** What a file is, by its content; HTML is told from other text by its name, its media type or its beginning. */
import type { NamedContent } from './named-content.ts';

export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';

/** Readers find the beginning of a PDF behind other bytes, too. */
const PDF_START_BYTES = 1_024;
const HTML_NAME = /\.x?html?$/i;
const HTML_TYPES: ReadonlySet<string> = new Set(['text/html', 'application/xhtml+xml']);
const HTML_START = /^\s*(?:<!--[^]{0,1000}?-->\s*)?<(?:!doctype html|html)[\s>]/i;

export function isPdf(bytes: Buffer): boolean {
  return bytes.subarray(0, PDF_START_BYTES).includes('%PDF-');
}

export function imageTypeOf(bytes: Buffer): ImageType | undefined {
  const start = bytes.subarray(0, 12).toString('latin1');
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (/^GIF8[79]a/.test(start)) return 'image/gif';
  return /^RIFF[^]{4}WEBP/.test(start) ? 'image/webp' : undefined;
}

export function isHtmlName(name: string): boolean {
  return HTML_NAME.test(name);
}

/** Whether a text is HTML. */
export function isHtml({ name, mediaType }: NamedContent, text: string): boolean {
  if (isHtmlName(name) || HTML_TYPES.has(mediaType ?? '')) return true;
  return HTML_START.test(text.slice(0, 2_000));
}

/** Returns undefined for what is no text: bytes that are not of its encoding, which is UTF-8 unless it says otherwise. */
export function decodeText({ bytes, charset }: Pick<NamedContent, 'bytes' | 'charset'>): string | undefined {
  try {
    const text = new TextDecoder(byteOrderMark(bytes) ?? charset ?? 'utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function byteOrderMark(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 'utf-8' : undefined;
}
