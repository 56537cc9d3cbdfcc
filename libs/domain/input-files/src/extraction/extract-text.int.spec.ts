import { execFileSync } from 'node:child_process';
import { FileRejection } from '../file-rejection.ts';
import { hostilePdfs, pdfBytes } from '../testing/index.ts';
import { extractText } from './extract-text.ts';
import type { ExtractOptions } from './extract-text.ts';

const NEVER = new AbortController().signal;

const pdf = (bytes: Buffer, options?: ExtractOptions): Promise<string> =>
  extractText({ type: 'pdf', bytes }, NEVER, options);
const html = (text: string, options?: ExtractOptions): Promise<string> =>
  extractText({ type: 'html', text }, NEVER, options);

afterEach(() => {
  const listed = execFileSync('ps', ['-o', 'args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  expect(listed).not.toContain('extract-process');
});

describe('the text of a PDF', () => {
  it('is that of its pages', async () => {
    expect(await pdf(pdfBytes('Hello there', 'second page'))).toBe('Hello there\n\nsecond page');
  });

  it('may be behind other bytes, and on many pages', async () => {
    const pages = Array.from({ length: 300 }, (_, at) => `page ${at}`);
    expect(await pdf(Buffer.concat([Buffer.from('\r\n'), pdfBytes(...pages)]))).toBe(pages.join('\n\n'));
  });

  const stopped = /^extracting its text was stopped: it (needed more than \d+ MiB of memory|took more than \d+ ms)$/;
  it.each<[keyof typeof hostilePdfs, RegExp, ExtractOptions]>([
    ['bomb', stopped, { memoryMb: 64 }],
    ['laughs', stopped, { timeoutMs: 3_000 }],
    ['nested', /^its page 1 is not valid$/, {}],
    ['circle', /^its page 1 is not valid$/, {}],
    ['encrypted', /^it is encrypted$/, {}],
    ['truncated', /^it is not a valid PDF$/, {}],
    ['pages', /^it has more than 1000 pages$/, {}],
    ['long', /^it has more than 2000000 characters of text$/, {}],
    ['scan', /^it has no text that can be extracted: its pages may be images$/, {}],
    ['garbage', /^it is not a valid PDF$/, {}],
  ])('is not extracted: %s', async (name, reason, options) => {
    const rejection: unknown = await pdf(hostilePdfs[name](), options).catch((error: unknown) => error);
    expect(rejection).toBeInstanceOf(FileRejection);
    expect((rejection as Error).message).toMatch(reason);
    await expect(pdf(pdfBytes('and the next one is read'))).resolves.toBe('and the next one is read');
  });
});

describe('the text of HTML', () => {
  it('is what is read of it, without scripts and addresses', async () => {
    const page = `<!doctype html><html><head><title>t</title><style>p {}</style></head><body><script>alert(1)</script>
      <h1>Prices</h1><p>One &amp; <a href="https://example.com/x">two</a></p><img src="x" alt="a">
      <table><tr><th>Name</th><th>Price</th></tr><tr><td>Tea</td><td>3</td></tr></table><ul><li>a</ul>`;
    const text = await html(page);
    expect(text.replaceAll(/\s+/g, ' ')).toBe('Prices One & two Name Price Tea 3 * a');
    expect(text).toContain('Prices\n');
  });

  it.each<[string, () => string, RegExp, ExtractOptions]>([
    ['elements in elements', () => '<div>'.repeat(20_000), /^its elements are nested too deeply$/, {}],
    [
      'a table with many columns',
      () => `<table><tr>${'<td colspan=1000 rowspan=1000>x</td>'.repeat(1_000)}</table>`,
      /^extracting its text was stopped/,
      { memoryMb: 64, timeoutMs: 10_000 },
    ],
    ['more text than models are shown', () => '<p>word'.repeat(500_000), /^extracting its text was stopped/, {}],
    [
      'a little more text than models are shown',
      () => `<p>${'word '.repeat(400_001)}`,
      /^it has more than 2000000 characters of text$/,
      {},
    ],
  ])('is not extracted: %s', async (_, page, reason, options) => {
    await expect(html(page(), options)).rejects.toThrow(reason);
  });
});

it('is given up when the client is gone', async () => {
  const gone = new AbortController();
  const rejected = extractText({ type: 'pdf', bytes: hostilePdfs.laughs() }, gone.signal);
  setTimeout(() => gone.abort(new Error('gone')), 300);
  await expect(rejected).rejects.toThrow('gone');
});
