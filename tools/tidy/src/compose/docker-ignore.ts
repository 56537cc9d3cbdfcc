/** Which paths of the build context a .dockerignore keeps out. */

/** Patterns are tried in order and the last that matches decides, as the builder does it. */
export function ignoredBy(dockerignore: string): (path: string) => boolean {
  const patterns = dockerignore
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), matches: matcher(line.replace(/^!/, '').replace(/^\/|\/$/g, '')) }));
  return (path) => patterns.findLast(({ matches }) => matches(path))?.keeps === false;
}

/** Matches the path itself and everything in it when it is a folder. */
function matcher(pattern: string): (path: string) => boolean {
  const source = pattern
    .split('/')
    .map((part) =>
      part === '**'
        ? '**'
        : part
            .replace(/[.+^${}()|[\]\\]/g, '\\$&')
            .replaceAll('*', '[^/]*')
            .replaceAll('?', '[^/]'),
    )
    .join('/')
    .replaceAll('**/', '(?:.*/)?')
    .replaceAll('/**', '/.*');
  const expression = new RegExp(`^${source}(?:/|$)`);
  return (path) => expression.test(path);
}
