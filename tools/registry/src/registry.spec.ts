import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRegistry, serviceNamed } from './registry.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'xerotier-registry-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const entry = {
  kind: 'service',
  needs: ['nats', 'postgres'],
  schema: 'files',
  secrets: ['FILES_MASTER_KEY'],
  commands: ['migrate'],
  ports: { health: 8081 },
  image: 'files',
};

function addApp(folder: string, metadata: object = {}, name = folder): void {
  mkdirSync(join(root, 'apps', folder), { recursive: true });
  writeFileSync(
    join(root, 'apps', folder, 'project.json'),
    JSON.stringify({ name, metadata: { description: 'uploaded files', xerotier: { ...entry, ...metadata } } }),
  );
}

describe('readRegistry', () => {
  it('reads the project.json of an app, with defaults', () => {
    addApp('files', { secrets: undefined });
    expect(readRegistry(root)).toEqual([
      { name: 'files', description: 'uploaded files', settings: [], ...entry, secrets: [] },
    ]);
  });

  it('sorts services by name, and workers last', () => {
    addApp('zoo', { image: 'zoo', schema: 'zoo' });
    addApp('engine', { kind: 'worker', image: 'engine', needs: ['nats'], schema: undefined, commands: [] });
    addApp('files');
    expect(readRegistry(root).map(({ name }) => name)).toEqual(['files', 'zoo', 'engine']);
  });

  it.each([
    ['an unknown kind', { kind: 'daemon' }, /kind/],
    ['an unknown server', { needs: ['nats', 'kafka'] }, /needs/],
    ['the same server twice', { needs: ['nats', 'postgres', 'nats'] }, /must name each server once/],
    ['no bus', { needs: ['postgres'] }, /must include nats/],
    ['a database without a schema', { schema: undefined, commands: [] }, /schema.*|must be given exactly when/],
    ['a schema without a database', { needs: ['nats'] }, /must be given exactly when needs includes postgres/],
    ['a schema without a migrate command', { commands: [] }, /must include migrate exactly when/],
    ['a worker with a database', { kind: 'worker' }, /must not be given for a worker/],
    ['a secret that is not a variable name', { secrets: ['master-key'] }, /environment variable/],
    ['an invalid port', { ports: { health: 0 } }, /ports.health/],
    ['no health port', { ports: { http: 8080 } }, /ports.health/],
    ['an unknown field', { replicas: 3 }, /replicas/],
  ])('rejects %s', (_, metadata, message) => {
    addApp('files', metadata);
    expect(() => readRegistry(root)).toThrow(/apps\/files\/project.json/);
    expect(() => readRegistry(root)).toThrow(message);
  });

  it('rejects a name that differs from the folder', () => {
    addApp('files', {}, 'storage');
    expect(() => readRegistry(root)).toThrow(/names the app 'storage'/);
  });

  it.each(['image', 'schema'])('rejects two apps with the same %s', (field) => {
    addApp('files');
    addApp('storage', { image: 'storage', schema: 'storage', [field]: 'files' });
    expect(() => readRegistry(root)).toThrow(`Two apps have the ${field} 'files'`);
  });

  it('rejects an app without metadata', () => {
    mkdirSync(join(root, 'apps/files'), { recursive: true });
    writeFileSync(join(root, 'apps/files/project.json'), '{ "name": "files" }');
    expect(() => readRegistry(root)).toThrow(/metadata/);
  });
});

describe('serviceNamed', () => {
  it('finds a service, and lists the known ones when it does not exist', () => {
    addApp('files');
    expect(serviceNamed(readRegistry(root), 'files').image).toBe('files');
    expect(() => serviceNamed(readRegistry(root), 'flies')).toThrow("Unknown app 'flies', expected one of files");
  });
});
