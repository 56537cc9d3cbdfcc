import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './run-program.ts';
import { checkServiceRegistry } from './service-registry.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'xerotier-services-'));
  mkdirSync(join(root, 'apps/zoo/src'), { recursive: true });
  mkdirSync(join(root, 'docs'));
  const xerotier = { kind: 'service', needs: ['nats'], ports: { health: 8081 }, image: 'zoo' };
  writeFileSync(
    join(root, 'apps/zoo/project.json'),
    JSON.stringify({ name: 'zoo', metadata: { description: 'a', xerotier } }),
  );
  writeFileSync(join(root, 'apps/zoo/src/main.ts'), '');
  writeFileSync(join(root, 'apps/zoo/src/config.ts'), 'export const settings = {};\n');
  writeFileSync(join(root, 'docs/architecture.md'), '[zoo](../apps/zoo/src/main.ts)');
  writeFileSync(join(root, 'docs/deployment.md'), '`zoo`');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('checkServiceRegistry', () => {
  it('finds nothing in this project', async () => {
    expect(await checkServiceRegistry(projectRoot)).toEqual([]);
  });

  it('finds settings that do not fit the entry', async () => {
    expect(await checkServiceRegistry(root)).toEqual([expect.stringMatching('needs NATS_URL, which its config.ts')]);
  });

  it.each(['docs/architecture.md', 'docs/deployment.md'])('finds a service that %s does not name', async (path) => {
    writeFileSync(join(root, path), 'nothing');
    expect(await checkServiceRegistry(root)).toContainEqual(
      expect.stringMatching(`${path} does not name the service zoo`),
    );
  });

  it('finds an app that cannot be started', async () => {
    rmSync(join(root, 'apps/zoo/src/main.ts'));
    expect(await checkServiceRegistry(root)).toContainEqual('apps/zoo has no src/main.ts to start');
  });
});
