import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buildDocument } from '@xerotier/public-api/openapi';
import { openapiDocument } from './document.ts';
import { getReferencePageScript } from '@xerotier/public-api/reference';
import { operations } from '@xerotier/public-api/operations';
import { CONTENT_SECURITY_POLICY, pageOf, redocFile, referenceDocument, referencePage } from './reference-page.ts';

const page = referencePage();
const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** What a browser would load from another host because the page says so. */
function externalLoads(html: string): string[] {
  return html.match(/<(?:link|img|iframe|form|base)\b|\ssrc="(?!\/docs\/)|@import|url\(/g) ?? [];
}

/** The document inside a page, as the browser reads it. */
function documentIn(html: string): ReturnType<typeof referenceDocument> {
  const [, json = ''] = /<script type="application\/json" id="document">(.*?)<\/script>/s.exec(html) ?? [];
  return JSON.parse(json) as ReturnType<typeof referenceDocument>;
}

describe('the reference page', () => {
  it('has every operation once, and every schema', () => {
    const { paths, components } = documentIn(page);
    const shown = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
    const others = operations.filter((operation) => operation !== getReferencePageScript);
    expect(shown.sort()).toEqual(others.map(({ operationId }) => operationId).sort());
    expect(components.schemas).toEqual(openapiDocument().components.schemas);
  });

  it('loads nothing from other hosts', () => {
    expect(externalLoads(page)).toEqual([]);
    expect(externalLoads('<img src="https://cdn.example/x.png"><script src="https://cdn.example/x.js">')).toHaveLength(
      3,
    );
  });

  it('has a policy that allows its own scripts and styles by hash, and no other host', () => {
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
    const [, script = ''] = /<script>(.*?)<\/script>/s.exec(page) ?? [];
    expect(script).toContain('Redoc.init');
    expect(CONTENT_SECURITY_POLICY).toContain(`script-src 'self' ${sha256(script)};`);
    expect(CONTENT_SECURITY_POLICY).toContain(`style-src ${sha256(style)} ${sha256('')};`);
    expect(CONTENT_SECURITY_POLICY).toMatch(/^default-src 'none';/);
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/https?:|\*|unsafe|connect-src|font-src/);
  });

  it('shows the server and the samples with a base URL that the browser fills in', () => {
    const { servers, paths } = documentIn(page);
    expect(servers).toEqual([{ url: '{base_url}' }]);
    expect(JSON.stringify(paths['/v1/chat/completions']?.post)).toContain('curl \\"{base_url}/v1/chat/completions\\"');
    expect(page).toContain("replaceAll('{base_url}', base)");
  });

  it('takes no text for markup', () => {
    const hostile = '</script><script>alert("x")</script>';
    const row = { ...(operations[0] as (typeof operations)[number]), summary: hostile };
    const shown = pageOf(buildDocument([row]));
    expect(shown.match(/<script/g)).toEqual(page.match(/<script/g));
    expect(JSON.stringify(documentIn(shown))).toContain('alert');
  });
});

describe('the bundle of Redoc', () => {
  const bundle = readFileSync(redocFile(), 'utf8');

  it('would load one image from elsewhere, which the policy blocks, and no font, style or script', () => {
    expect(bundle.match(/https?:\/\/cdn\.[^"'`\s]+/g)).toEqual(['https://cdn.redoc.ly/redoc/logo-mini.svg']);
    expect(bundle).not.toMatch(/fonts\.googleapis|fonts\.gstatic|@import\s|google-analytics|opentelemetry|sendBeacon/);
    expect(CONTENT_SECURITY_POLICY).toContain("img-src 'self' data:;");
  });
});
