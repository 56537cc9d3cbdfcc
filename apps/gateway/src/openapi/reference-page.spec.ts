import { createHash } from 'node:crypto';
import { buildDocument } from './build-document.ts';
import { openapiDocument } from './document.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import { CONTENT_SECURITY_POLICY, pageOf, referencePage } from './reference-page.ts';

/** What the policy would refuse, or what comes from somewhere else. */
function refused(page: string): string[] {
  return (
    page.match(/<(?:script|link|img|iframe|form|base)\b|\s(?:style|on\w+)=|(?:src|href)="(?!#|\/openapi\.json")/g) ?? []
  );
}

describe('the reference page', () => {
  const page = referencePage();

  it('has every operation and every schema', () => {
    for (const { operationId, summary } of operations) {
      expect(page).toContain(`<article id="${operationId}"><h3>${summary}</h3>`);
    }
    for (const name of Object.keys(openapiDocument().components.schemas))
      expect(page).toContain(`<article id="${name}">`);
  });

  it('has a place for each of its links', () => {
    const ids = new Set([...page.matchAll(/ id="(\w+)"/g)].map(([, id]) => id));
    const links = [...page.matchAll(/ href="#(\w+)"/g)].map(([, id]) => id);
    expect(links).toContain('CreateChatCompletionRequest');
    expect(links.filter((link) => !ids.has(link))).toEqual([]);
  });

  it('loads nothing, runs nothing, and has the one style that its policy allows', () => {
    expect(refused(page)).toEqual([]);
    expect(refused('<p style="color:red"><script src="https://cdn.example/x.js">')).toHaveLength(3);
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
    expect(style).toContain('color-scheme');
    expect(CONTENT_SECURITY_POLICY).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  });

  it('shows a request that can be copied, and no key where none is needed', () => {
    const [, chat = ''] = /<article id="createChatCompletion">.*?<pre>(.*?)<\/pre>/s.exec(page) ?? [];
    expect(chat).toMatch(
      /^curl &#34;\$HOST\/\$PROJECT\/\$ENDPOINT\/v1\/chat\/completions&#34; .*Bearer \$API_KEY.* -d &#39;\{/s,
    );
    const [, reference = ''] = /<article id="getOpenapiDocument">.*?<pre>(.*?)<\/pre>/s.exec(page) ?? [];
    expect(reference).toBe('curl &#34;$HOST/openapi.json&#34;');
  });

  it('takes no text for markup', () => {
    const hostile = '<script>alert("x")</script>';
    const row = { ...(operations[0] as Operation), summary: hostile, description: `\`${hostile}\`` };
    const shown = pageOf(buildDocument([row]));
    expect(shown).not.toContain('<script>');
    expect(shown).toContain('<code>&#60;script&#62;');
  });

  it('shows the bounds of a field that may be null, and the fields of what is inside', () => {
    expect(page).toContain('<code>n</code> <i>integer or null</i> <small>at least 1, at most 128</small>');
    expect(page).toMatch(
      /<code>stream_options<\/code>.*?<details><summary>fields<\/summary><ul><li><code>include_usage<\/code>/s,
    );
  });
});
