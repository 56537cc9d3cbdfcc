/** Major, minor, patch. Missing parts are zero. */
export type Version = readonly [number, number, number];

/** Parses the first version number in a text such as `Redis server v=7.0.15 sha=0`; null when there is none. */
export function parseVersion(text: string): Version | null {
  const match = /(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text);
  if (!match) return null;
  return [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
}

export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

export function formatVersion(version: Version): string {
  return version.join('.');
}

/**
 * Sorts names with versions (`postgresql@9`, `17`), newest first, numerically: as text, 9 would precede 17 in
 * descending order.
 */
export function newestFirst(names: readonly string[]): string[] {
  const none: Version = [0, 0, 0];
  return [...names].sort((a, b) => compareVersions(parseVersion(b) ?? none, parseVersion(a) ?? none));
}
