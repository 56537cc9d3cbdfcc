import { ignoredBy } from './docker-ignore.ts';

describe('ignoredBy', () => {
  const isIgnored = ignoredBy('# comment\n**/node_modules\n*.log\n/docs/\ne2e/*\n!e2e/package.json\nlibs/**/test\n');

  it.each(['node_modules', 'apps/auth/node_modules/x', 'a.log', 'docs/a.md', 'e2e/a.ts', 'libs/platform/db/test/x.ts'])(
    'keeps %s out',
    (path) => {
      expect(isIgnored(path)).toBe(true);
    },
  );

  it.each([
    'apps/auth/src/main.ts',
    'apps/a.log',
    'apps/docs/a.md',
    'e2e/package.json',
    'node_modules_x',
    'libs/test.ts',
  ])('lets %s in', (path) => {
    expect(isIgnored(path)).toBe(false);
  });
});
