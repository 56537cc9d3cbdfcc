/** The audit log of a project through the public API: what management changed, and an export that can be verified elsewhere. */
import { projectRoot, scriptedPlatform } from '@xerotier/dev';
import { createApiKey, revokeApiKey, rotateApiKey, setApiKeyQuota } from '@xerotier/public-api/api-keys';
import { listAuditEvents } from '@xerotier/public-api/audit-log';
import { createClient } from '@xerotier/public-api/client';
import type { Client } from '@xerotier/public-api/client';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './support/program.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const test = testPlatform(() => scriptedPlatform());
const CHANGES = 110;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-audit-'));
});
afterEach(() => rm(folder, { recursive: true }));

function management(): Client {
  return createClient({ baseUrl: test.description.projectUrl, apiKey: test.description.managementKey });
}

/** Runs a command of the auth service. */
function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof runProgram> {
  const program = join(projectRoot, 'apps/auth/dist/main.js');
  return runProgram(process.execPath, [program, ...args], { env });
}

function exported(apiKey = test.description.managementKey): Promise<Response> {
  return fetch(`${test.description.projectUrl}/exports/audit-log.jsonl`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
}

describe('the audit log', () => {
  it('has every change of a key, with actor, address and request, and without its value', async () => {
    const { id, key } = await management().call(createApiKey, { body: { name: 'audited' } });
    const rotated = await management().call(rotateApiKey, { params: { key: id }, body: {} });
    await management().call(revokeApiKey, { params: { key: id } });

    const { data } = await management().call(listAuditEvents, { query: { target_id: id, order: 'asc' } });
    expect(data.map(({ action }) => action)).toEqual(['api_key.created', 'api_key.rotated', 'api_key.revoked']);
    expect(data.map(({ target }) => target)).toEqual(data.map(() => ({ type: 'api_key', id })));
    for (const event of data) {
      expect(event).toMatchObject({ actor: { type: 'api_key' }, client_address: '127.0.0.1' });
      expect(event.request_id).toMatch(/^req_/);
    }
    expect(data[0]).toMatchObject({ before: null, after: { name: 'audited' } });
    for (const value of [key, rotated.key]) expect(JSON.stringify(data)).not.toContain(value);
  });

  it('is exported with what verifies it, and a change of the file is found', async () => {
    const { id } = await management().call(createApiKey, { body: { name: 'changing' } });
    // More than one page of the export.
    for (let requests = 1; requests <= CHANGES; requests += 1)
      await management().call(setApiKeyQuota, { params: { key: id }, body: { requests } });
    const response = await exported();
    expect(response.headers.get('content-type')).toBe('application/x-jsonlines');
    const text = await response.text();
    const key = join(folder, 'key.pem');
    const file = join(folder, 'log.jsonl');
    const forged = join(folder, 'forged.jsonl');
    const publicKey = await run(['audit', 'public-key'], test.platform.authEnv);
    await writeFile(key, publicKey.stdout);
    await writeFile(file, text);
    await writeFile(forged, text.replace('"requests":7', '"requests":8'));

    const lines = text.trimEnd().split('\n');
    const valid = await run(['audit', 'verify-file', file, key]);
    expect(valid).toMatchObject({ code: 0 });
    expect(JSON.parse(valid.stdout)).toEqual({ projectId: test.description.projectId, events: lines.length - 1 });
    const found = await run(['audit', 'verify-file', forged, key]);
    expect(found.code).toBe(1);
    expect(found.stdout).toContain('its content does not match its hash');

    const verified = await run(['audit', 'verify', test.description.projectId], test.platform.authEnv);
    expect(verified.code).toBe(0);
  });

  it('is not for keys without the scope, and of another project it has nothing', async () => {
    expect((await exported(test.description.apiKey)).status).toBe(403);
    const tenant = await addTenant(test.platform, 'scripted');
    const { baseUrl, managementKey } = test.description;
    const foreign = createClient({ baseUrl: `${baseUrl}/${tenant.projectId}/v1`, apiKey: managementKey });
    await expect(foreign.call(listAuditEvents, {})).rejects.toMatchObject({ status: 404, code: 'project_not_found' });
  });
});
