/** Edits of hand-written files, each at a single position. */

/**
 * Inserts text after the last match.
 * @throws {Error} that names the file when nothing matches: its format is not the one this generator expects.
 */
export function insertAfterLast(path: string, text: string, pattern: RegExp, insertion: string): string {
  const last = [...text.matchAll(pattern)].at(-1);
  if (last === undefined) throw new Error(`${path} has no match for ${pattern}: the service was not added there`);
  const end = last.index + last[0].length;
  return text.slice(0, end) + insertion + text.slice(end);
}

/** Like insertAfterLast, before the first match. */
export function insertBefore(path: string, text: string, pattern: RegExp, insertion: string): string {
  const match = pattern.exec(text);
  if (match === null) throw new Error(`${path} has no match for ${pattern}: the service was not added there`);
  return text.slice(0, match.index) + insertion + text.slice(match.index);
}
