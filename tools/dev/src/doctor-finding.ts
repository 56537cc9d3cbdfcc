/** What the doctor found. */

export interface Finding {
  readonly status: 'ok' | 'warn' | 'FAIL';
  /** What was looked at, and what was found. */
  readonly text: string;
  /** What to do; with everything that is not ok. */
  readonly remedy?: string;
}

/** A failure as a finding: the first sentence of its message says what is wrong, the rest what to do. */
export function failed(error: unknown, remedy = ''): Finding {
  const message = error instanceof Error ? error.message : String(error);
  const [, text = message, rest = remedy] =
    /^(.*?)\.? (?=(?:Choose|Start|Give|Correct|To begin) )(.*)$/s.exec(message) ?? [];
  return { status: 'FAIL', text, remedy: rest };
}
