/** Numbers of model versions: semantic, without build metadata. */

/** What a version number has at most in one place: see `modelVersionNumber`. */
const PART_MAX = 999_999_999;

export const FIRST_VERSION = '1.0.0';

/** For `ORDER BY`, highest first: a release after its candidates, which are equal here. */
export const HIGHEST_FIRST = `string_to_array(split_part(version, '-', 1), '.')::bigint[] DESC, position('-' in version) > 0`;

/** The patch after a version; that of a candidate is its release. Undefined after the highest possible one. */
export function nextPatch(version: string): string | undefined {
  const [core = '', candidate] = version.split(/-(.*)/s);
  if (candidate !== undefined) return core;
  const [major, minor, patch] = core.split('.').map(Number) as [number, number, number];
  return patch === PART_MAX ? undefined : `${major}.${minor}.${patch + 1}`;
}
