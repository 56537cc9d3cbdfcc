/** Major, minor, patch. What a program does not say counts as zero. */
export type Version = readonly [number, number, number];

/** The first version number in a text such as `Redis server v=7.0.15 sha=0`, or null when there is none. */
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

/** Names with a version in them (`postgresql@9`, `17`), newest first by number: as text, 9 would beat 17. */
export function newestFirst(names: readonly string[]): string[] {
  const none: Version = [0, 0, 0];
  return [...names].sort((a, b) => compareVersions(parseVersion(b) ?? none, parseVersion(a) ?? none));
}
