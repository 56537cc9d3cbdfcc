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
  it('reports nothing for this project', async () => {
    expect(await checkServiceRegistry(projectRoot)).toEqual([]);
  });

  it('reports settings that contradict the entry', async () => {
    expect(await checkServiceRegistry(root)).toEqual([expect.stringMatching('needs NATS_URL, which its config.ts')]);
  });

  it.each(['docs/architecture.md', 'docs/deployment.md'])('reports a service that is missing in %s', async (path) => {
    writeFileSync(join(root, path), 'nothing');
    expect(await checkServiceRegistry(root)).toContainEqual(
      expect.stringMatching(`${path} does not list the service zoo`),
    );
  });

  it('reports an app that cannot be started', async () => {
    rmSync(join(root, 'apps/zoo/src/main.ts'));
    expect(await checkServiceRegistry(root)).toContainEqual('apps/zoo has no src/main.ts to start');
  });
});
