import { createHash } from 'node:crypto';
import { buildDocument } from '@xerotier/public-api/openapi';
import { openapiDocument } from './document.ts';
import type { JsonSchema } from '@xerotier/public-api/openapi';
import type { OperationDefinition } from '@xerotier/public-api/operation';
import { operations } from '@xerotier/public-api/operations';
import { CONTENT_SECURITY_POLICY, pageOf, referencePage } from './reference-page.ts';
import { boundsText, typeText } from './schema-markup.ts';

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

  it('names each base of an operation, and of a public one its path alone', () => {
    const [, chat = ''] = /<article id="createChatCompletion">.*?<p>(.*?)<\/p>/s.exec(page) ?? [];
    expect(chat.match(/\/[^<]*v1\/chat\/completions(?=<)/g)).toEqual([
      '/{project}/{endpoint}/v1/chat/completions',
      '/{project}/v1/chat/completions',
      '/v1/chat/completions',
    ]);
    expect(page).not.toContain('createChatCompletionByKey');
    const [, reference = ''] = /<article id="getReferencePage">.*?<p>(.*?)<\/p>/s.exec(page) ?? [];
    expect(reference.match(/<code>/g)).toHaveLength(1);
  });

  it('takes no text for markup', () => {
    const hostile = '<script>alert("x")</script>';
    const row = { ...(operations[0] as OperationDefinition), summary: hostile, description: `\`${hostile}\`` };
    const shown = pageOf(buildDocument([row]));
    expect(shown).not.toContain('<script>');
    expect(shown).toContain('<code>&#60;script&#62;');
  });

  it('shows the bounds of a field that may be null, and the fields of what is inside', () => {
    expect(page).toContain('<code>n</code> <i>integer or null</i> <small>1 to 128</small>');
    expect(page).toMatch(
      /<code>stream_options<\/code>[^\n]*?<summary>fields<\/summary><ul><li><code>include_usage<\/code>/,
    );
  });

  it('says of each bound what it bounds, and names a type once', () => {
    const text = (schema: object): string => boundsText(schema as JsonSchema);
    expect(text({ minLength: 1, maxLength: 9 })).toBe('1 to 9 characters');
    expect(text({ minItems: 1, default: ['a'] })).toBe('at least 1 entries, by default ["a"]');
    expect(text({ maxProperties: 16, pattern: '^a$' })).toBe('at most 16 pairs, like ^a$');
    expect(text({ anyOf: [{ maximum: 2 }, { type: 'null' }] })).toBe('at most 2');
    expect(text({ anyOf: [{ maximum: 2 }, { maximum: 3 }] })).toBe('');
    const object = { type: 'object' };
    expect(typeText({ type: 'array', items: { anyOf: [object, object, { type: 'string' }] } }).text).toBe(
      'list of object or string',
    );
  });
});
