import { assignments, parseDockerfile } from './dockerfile.ts';
import { imageOf } from './image.ts';

const stage = (body: string): ReturnType<typeof parseDockerfile>['stages'][number]['instructions'] =>
  parseDockerfile(`FROM node:24 AS one\n${body}`).stages[0]?.instructions ?? [];

describe('parseDockerfile', () => {
  it('joins continued lines, and leaves out the comments between them', () => {
    expect(stage('RUN a \\\n # why\n\n && b\nUSER node')).toEqual([
      { keyword: 'RUN', flags: [], words: ['a', '&&', 'b'], line: 2 },
      { keyword: 'USER', flags: [], words: ['node'], line: 6 },
    ]);
  });

  it('tells flags from words', () => {
    expect(stage('COPY --from=build --chown=1:1 /a "b c" d/')[0]).toEqual({
      keyword: 'COPY',
      flags: [
        { name: 'from', value: 'build' },
        { name: 'chown', value: '1:1' },
      ],
      words: ['/a', 'b c', 'd/'],
      line: 2,
    });
  });

  it('reads lists, also behind the flags of a health check', () => {
    expect(stage('CMD ["node", "a b.js"]')[0]?.words).toEqual(['node', 'a b.js']);
    expect(stage('HEALTHCHECK --interval=1s \\\n  CMD ["node", "x"]')[0]?.words).toEqual(['node', 'x']);
  });

  it('puts the defaults of arguments into FROM', () => {
    expect(
      parseDockerfile('ARG IMAGE=node:24\nFROM ${IMAGE} AS a\nFROM a').stages.map(({ name, base }) => [name, base]),
    ).toEqual([
      ['a', 'node:24'],
      ['1', 'a'],
    ]);
  });

  it('reads the pairs of ENV, with and without quotes', () => {
    const [env] = stage('ENV A=1 B="two words" C=x=y');
    expect(env && assignments(env)).toEqual({ A: '1', B: 'two words', C: 'x=y' });
  });

  it.each([
    ['RUNN a', /2: 'RUNN' is no instruction/],
    ['RUN a \\', /2: the last line of the file is continued/],
    ['CMD [node]', /2: CMD is no list/],
    ['RUN <<EOF\na\nEOF', /2: here-documents/],
    ['FROM ${OTHER}', /2: there is no ARG OTHER/],
    ['FROM a b c', /2: write FROM/],
  ])('refuses %j and names the line', (body, message) => {
    expect(() => stage(body)).toThrow(message);
  });

  it('refuses an instruction before the first stage, and another escape character', () => {
    expect(() => parseDockerfile('RUN a')).toThrow('RUN comes before the first FROM');
    expect(() => parseDockerfile('# escape=`\nFROM a')).toThrow('only \\ continues lines here');
  });
});

describe('imageOf', () => {
  const dockerfile = parseDockerfile(
    'FROM node:24 AS base\nWORKDIR /app\nENV A=1 B=1\nCMD ["base"]\nFROM base AS service\nENV B=2\nCOPY x.mjs folder/\nCOPY folder folder\nFROM service AS script\nENTRYPOINT ["tini"]\nHEALTHCHECK NONE',
  );

  it('sums up the stages below a target', () => {
    expect(imageOf(dockerfile, 'service')).toMatchObject({
      base: 'node:24',
      workdir: '/app',
      env: { A: '1', B: '2' },
      cmd: ['base'],
    });
  });

  it('knows where copied files and folders lie', () => {
    expect(imageOf(dockerfile, 'service')?.copies.map(({ target }) => target)).toEqual([
      '/app/folder/x.mjs',
      '/app/folder',
    ]);
  });

  it('forgets the command below an entry point', () => {
    expect(imageOf(dockerfile, 'script')).toMatchObject({ entrypoint: ['tini'], cmd: [], healthcheck: undefined });
  });

  it('has no image for a target that is not there', () => {
    expect(imageOf(dockerfile, 'other')).toBeUndefined();
  });
});
