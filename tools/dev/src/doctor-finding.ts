/** A finding of `npm run doctor`. */

export interface Finding {
  readonly status: 'ok' | 'warn' | 'FAIL';
  /** What was checked, and the result. */
  readonly text: string;
  /** What to do; present unless the status is ok. */
  readonly remedy?: string;
}

/** Converts an error to a finding: the first sentence of its message is the problem, the rest the remedy. */
export function failed(error: unknown, remedy = ''): Finding {
  const message = error instanceof Error ? error.message : String(error);
  const [, text = message, rest = remedy] =
    /^(.*?)\.? (?=(?:Choose|Start|Give|Correct|To start over) )(.*)$/s.exec(message) ?? [];
  return { status: 'FAIL', text, remedy: rest };
}
