import { permissionRequirements } from '@xerotier/contracts/auth';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buildDocument } from '@xerotier/public-api/openapi';
import { openapiDocument } from './document.ts';
import { getReferencePageScript } from '@xerotier/public-api/reference';
import { operations } from '@xerotier/public-api/operations';
import { CONTENT_SECURITY_POLICY, pageOf, redocFile, referenceDocument, referencePage } from './reference-page.ts';

const page = referencePage();
const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** References that make a browser load something from another host. */
function externalLoads(html: string): string[] {
  return html.match(/<(?:link|img|iframe|form|base)\b|\ssrc="(?!\/docs\/)|@import|url\(/g) ?? [];
}

/** Parses the document that is embedded in a page. */
function documentIn(html: string): ReturnType<typeof referenceDocument> {
  const [, json = ''] = /<script type="application\/json" id="document">(.*?)<\/script>/s.exec(html) ?? [];
  return JSON.parse(json) as ReturnType<typeof referenceDocument>;
}

describe('referencePage', () => {
  it('contains every operation once, and every schema', () => {
    const { paths, components } = documentIn(page);
    const shown = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
    const others = operations.filter((operation) => operation !== getReferencePageScript);
    expect(shown.sort()).toEqual(others.map(({ operationId }) => operationId).sort());
    expect(components.schemas).toEqual(openapiDocument().components.schemas);
  });

  it('loads nothing from other hosts', () => {
    expect(externalLoads(page)).toEqual([]);
    // The check itself finds external references.
    expect(externalLoads('<img src="https://cdn.example/x.png"><script src="https://cdn.example/x.js">')).toHaveLength(
      3,
    );
  });

  it('has a content security policy that allows only its own scripts and styles, by hash', () => {
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
    const [, script = ''] = /<script>(.*?)<\/script>/s.exec(page) ?? [];
    expect(script).toContain('Redoc.init');
    expect(CONTENT_SECURITY_POLICY).toContain(`script-src 'self' ${sha256(script)};`);
    expect(CONTENT_SECURITY_POLICY).toContain(`style-src ${sha256(style)} ${sha256('')};`);
    expect(CONTENT_SECURITY_POLICY).toMatch(/^default-src 'none';/);
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/https?:|\*|unsafe|connect-src|font-src/);
  });

  it('uses a placeholder for the base URL, which the browser replaces', () => {
    const { servers, paths } = documentIn(page);
    expect(servers).toEqual([{ url: '{base_url}' }]);
    expect(JSON.stringify(paths['/v1/chat/completions']?.post)).toContain('curl \\"{base_url}/v1/chat/completions\\"');
    expect(page).toContain("replaceAll('{base_url}', base)");
    expect(paths['/v1/chat/completions']?.post?.servers).toBeUndefined();
  });

  it('has a base URL without an endpoint for what belongs to a project', () => {
    const { get } = documentIn(page).paths['/v1/management/api-keys'] ?? {};
    expect(get?.servers).toEqual([{ url: '{project_base_url}' }]);
    expect(JSON.stringify(get)).toContain('curl \\"{project_base_url}/v1/management/api-keys\\"');
    expect(JSON.stringify(get)).not.toContain('{base_url}');
    expect(page).toContain("replaceAll('{project_base_url}', projectBase)");
  });

  it('escapes markup in texts', () => {
    const hostile = '</script><script>alert("x")</script>';
    const row = { ...(operations[0] as (typeof operations)[number]), summary: hostile };
    const shown = pageOf(buildDocument([row], permissionRequirements));
    expect(shown.match(/<script/g)).toEqual(page.match(/<script/g));
    expect(JSON.stringify(documentIn(shown))).toContain('alert');
  });
});

describe('the Redoc bundle', () => {
  const bundle = readFileSync(redocFile(), 'utf8');

  it('references one external image, which the policy blocks, and no fonts, styles or scripts', () => {
    expect(bundle.match(/https?:\/\/cdn\.[^"'`\s]+/g)).toEqual(['https://cdn.redoc.ly/redoc/logo-mini.svg']);
    expect(bundle).not.toMatch(/fonts\.googleapis|fonts\.gstatic|@import\s|google-analytics|opentelemetry|sendBeacon/);
    expect(CONTENT_SECURITY_POLICY).toContain("img-src 'self' data:;");
  });
});
