/** Makes PDF files for tests, valid ones and hostile ones. */
import { deflateSync } from 'node:zlib';

const PAGES = 2;
const FONT = 3;

/** A PDF of these objects, which are numbered from 1; the first one is the catalogue. */
export function pdfOf(objects: readonly string[], trailer = ''): Buffer {
  let text = '%PDF-1.7\n';
  const offsets = objects.map((object, at) => {
    const offset = text.length;
    text += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const start = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`;
  text += `trailer << /Size ${objects.length + 1} /Root 1 0 R ${trailer}>>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}

/** A stream object. @param entries of its dictionary, besides the length. */
export function pdfStream(content: Uint8Array | string, entries = ''): string {
  const bytes = Buffer.from(content as string, 'latin1');
  return `<< /Length ${bytes.length} ${entries} >>\nstream\n${bytes.toString('latin1')}\nendstream`;
}

const catalogue = `<< /Type /Catalog /Pages ${PAGES} 0 R >>`;
const font = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>';

function pageOf(content: number, resources = ''): string {
  return `<< /Type /Page /Parent ${PAGES} 0 R /MediaBox [0 0 612 792] /Contents ${content} 0 R /Resources << /Font << /F1 ${FONT} 0 R >> ${resources} >> >>`;
}

function pagesOf(kids: readonly number[]): string {
  return `<< /Type /Pages /Count ${kids.length} /Kids [${kids.map((kid) => `${kid} 0 R`).join(' ')}] >>`;
}

/** A PDF with a page for each text, which may have no parentheses and backslashes. */
export function pdfBytes(...texts: readonly string[]): Buffer {
  const pages = texts.map((text, at) => [
    pageOf(FONT + 2 + at * 2),
    pdfStream(deflateSync(Buffer.from(`BT /F1 12 Tf 72 720 Td (${text}) Tj ET`)), '/Filter /FlateDecode'),
  ]);
  return pdfOf([catalogue, pagesOf(texts.map((_, at) => FONT + 1 + at * 2)), font, ...pages.flat()]);
}

function onePage(contents: string, resources = '', ...others: readonly string[]): Buffer {
  return pdfOf([catalogue, pagesOf([4]), font, pageOf(5, resources), contents, ...others]);
}

/** A page whose content is this, so many times, compressed. */
function repeated(content: Buffer, times: number): Buffer {
  const stream = pdfStream(deflateSync(content), '/Filter /FlateDecode');
  const ids = Array.from({ length: times }, (_, at) => `${at + 6} 0 R`);
  return onePage(`[${ids.join(' ')}]`, '', ...ids.map(() => stream));
}

const MEBIBYTE = 1_024 ** 2;

/** Files that want to use up the process that reads them, or that cannot be read. */
export const hostilePdfs = {
  /** A megabyte that expands to a gibibyte. */
  bomb: (): Buffer => repeated(Buffer.alloc(64 * MEBIBYTE, ' '), 16),
  /** Forms that use each other twice, and in the end a text: two to the power of forty times. */
  laughs: (): Buffer => {
    const depth = 40;
    const forms = Array.from({ length: depth }, (_, at) => {
      const next = at + 7;
      const used = at + 1 < depth ? `/XObject << /X ${next} 0 R >>` : `/Font << /F1 ${FONT} 0 R >>`;
      return pdfStream(
        at + 1 < depth ? '/X Do /X Do' : 'BT /F1 1 Tf 9 9 Td (a) Tj ET',
        `/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << ${used} >>`,
      );
    });
    return onePage(pdfStream('/X Do'), '/XObject << /X 6 0 R >>', ...forms);
  },
  /** Arrays in arrays. */
  nested: (): Buffer => onePage(`${'['.repeat(500_000)}${']'.repeat(500_000)}`),
  /** Pages whose parent is among their children. */
  circle: (): Buffer => pdfOf([catalogue, `<< /Type /Pages /Count 1000000 /Kids [${PAGES} 0 R ${PAGES} 0 R] >>`]),
  encrypted: (): Buffer =>
    pdfOf(
      [
        catalogue,
        pagesOf([4]),
        font,
        pageOf(5),
        pdfStream('secret'),
        `<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <${'ab'.repeat(32)}> /U <${'cd'.repeat(32)}> >>`,
      ],
      `/Encrypt 6 0 R /ID [<${'00'.repeat(16)}> <${'00'.repeat(16)}>] `,
    ),
  truncated: (): Buffer => pdfBytes('Hello').subarray(0, 120),
  pages: (): Buffer => pdfBytes(...Array.from({ length: 10_000 }, (_, at) => `page ${at}`)),
  /** Three million characters on one page. */
  long: (): Buffer => {
    const texts = `1 0 0 1 72 720 Tm (${'a'.repeat(30)}) Tj `.repeat(100_000);
    return onePage(pdfStream(deflateSync(`BT /F1 12 Tf ${texts} ET`), '/Filter /FlateDecode'));
  },
  scan: (): Buffer => onePage(pdfStream('q Q')),
  garbage: (): Buffer => Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(100_000, 0x5b)]),
} as const;
