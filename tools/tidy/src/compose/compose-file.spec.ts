import { readComposeFile } from './compose-file.ts';

const serviceOf = (yaml: string): ReturnType<typeof readComposeFile>['services'][number] | undefined =>
  readComposeFile(`services:\n  a:\n${yaml.replace(/^/gm, '    ')}`, { PORT: '80' }).services[0];

describe('readComposeFile', () => {
  it.each([
    ['a map', 'environment:\n  A: 1\n  B:\n  C: x=y'],
    ['a list', 'environment:\n  - A=1\n  - B\n  - C=x=y'],
  ])('reads an environment that is %s', (_, yaml) => {
    expect(serviceOf(yaml)?.environment).toEqual({ A: '1', B: '', C: 'x=y' });
  });

  it.each([
    ['short', 'ports:\n  - "127.0.0.1:${PORT}:8080/tcp"'],
    ['long', 'ports:\n  - host_ip: 127.0.0.1\n    published: "${PORT}"\n    target: 8080'],
  ])('reads a %s port', (_, yaml) => {
    expect(serviceOf(yaml)?.ports).toEqual([{ hostIp: '127.0.0.1', published: 80, target: 8_080 }]);
  });

  it('tells volumes from paths of the host', () => {
    expect(
      serviceOf('volumes:\n  - data:/data\n  - ./x:/x:ro\n  - { type: bind, source: y, target: /y }')?.mounts,
    ).toEqual([
      { source: 'data', target: '/data', isBind: false },
      { source: './x', target: '/x', isBind: true },
      { source: 'y', target: '/y', isBind: true },
    ]);
  });

  it.each([
    ['a list', 'depends_on: [b]', { b: 'service_started' }],
    ['a map', 'depends_on: { b: { condition: service_healthy } }', { b: 'service_healthy' }],
  ])('reads dependencies that are %s', (_, yaml, expected) => {
    expect(serviceOf(yaml)?.dependsOn).toEqual(expected);
  });

  it('reads a build that is a path, and commands that are a text', () => {
    expect(serviceOf('build: ./x\ncommand: node a.js')).toMatchObject({
      build: { context: './x', dockerfile: 'Dockerfile', target: undefined },
      command: ['node', 'a.js'],
    });
  });

  it('has no health check where it is switched off', () => {
    expect(serviceOf('healthcheck: { test: [CMD, a] }')?.healthcheck).toEqual(['CMD', 'a']);
    expect(serviceOf('healthcheck: { test: [CMD, a], disable: true }')?.healthcheck).toBeUndefined();
  });

  it('lists what stops Compose, and goes on', () => {
    const { problems, services } = readComposeFile('services: { a: { image: "${TAG:?say which}" }, b: {} }', {});
    expect(problems).toEqual(['the environment lacks TAG: say which']);
    expect(services.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('refuses a key that comes twice', () => {
    expect(() => readComposeFile('services: {}\nservices: {}', {})).toThrow('unique');
  });
});
