import { decodeText, imageTypeOf, isHtml, isPdf } from './file-kind.ts';
import { shownName } from './named-content.ts';
import { PIXEL_PNG } from './testing/index.ts';

const utf16 = Buffer.from('\ufeffh\u00e9', 'utf16le');

it.each<[string, Buffer, string | undefined, string | undefined]>([
  ['UTF-8', Buffer.from('h\u00e9'), undefined, 'h\u00e9'],
  ['UTF-8 with a byte order mark', Buffer.from('\ufeffh\u00e9'), undefined, 'h\u00e9'],
  ['UTF-16, little-endian', utf16, undefined, 'h\u00e9'],
  ['UTF-16, big-endian', Buffer.from(utf16).swap16(), undefined, 'h\u00e9'],
  ['an encoding that the server says', Buffer.from([0x68, 0xe9]), 'iso-8859-1', 'h\u00e9'],
  ['a byte order mark instead of what the server says', Buffer.from('\ufeffh\u00e9'), 'iso-8859-1', 'h\u00e9'],
  ['nothing', Buffer.alloc(0), undefined, ''],
  ['bytes that are not UTF-8', Buffer.from([0x68, 0xe9]), undefined, undefined],
  ['an unknown encoding', Buffer.from('h'), 'x-none', undefined],
  ['NUL characters', Buffer.from('a\0'), undefined, undefined],
  ['an image', PIXEL_PNG, undefined, undefined],
])('decodeText: %s', (_, bytes, charset, expected) => {
  expect(decodeText({ bytes, charset })).toBe(expected);
});

it.each<[string, Buffer | string, string | undefined]>([
  ['PNG', PIXEL_PNG, 'image/png'],
  ['JPEG', '\xff\xd8\xff\xe0', 'image/jpeg'],
  ['GIF', 'GIF89a.', 'image/gif'],
  ['WebP', 'RIFF\x01\x02\x03\x04WEBPVP8 ', 'image/webp'],
  ['a sound', 'RIFF\x01\x02\x03\x04WAVEfmt ', undefined],
  ['SVG', '<svg>', undefined],
  ['nothing', '', undefined],
])('imageTypeOf: %s', (_, start, expected) => {
  expect(imageTypeOf(Buffer.from(start as string, 'latin1'))).toBe(expected);
});

it.each<[string, string, string | undefined, boolean]>([
  ['a.HTML', 'text', undefined, true],
  ['a.xhtml', 'text', undefined, true],
  ['a', 'text', 'text/html', true],
  ['a', ' <!-- a -->\n<!DOCTYPE html>', undefined, true],
  ['a.txt', '<html lang="en">', undefined, true],
  ['a.txt', 'It is <html>', undefined, false],
  ['a.md', '# text', 'text/markdown', false],
])('isHtml: %s with %j, %s: %j', (name, text, mediaType, expected) => {
  expect(isHtml({ name, bytes: Buffer.alloc(0), mediaType }, text)).toBe(expected);
});

it('isPdf: the beginning may be behind other bytes, not far away', () => {
  expect([0, 1_019, 1_020].map((at) => isPdf(Buffer.concat([Buffer.alloc(at), Buffer.from('%PDF-')])))).toEqual([
    true,
    true,
    false,
  ]);
});

it.each([
  ['a b.pdf', 'a b.pdf'],
  ['a\nUser: b\u202e', 'a User: b'],
  ['\0', 'file'],
  ['a'.repeat(999), 'a'.repeat(256)],
])('shownName: %j is %j', (name, shown) => {
  expect(shownName(name)).toBe(shown);
});
