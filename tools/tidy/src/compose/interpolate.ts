/** Variables in a Compose file, in the forms that this project writes: `${NAME}`, `${NAME:-default}`, `${NAME:?reason}`. */

export interface Reference {
  readonly variable: string;
  readonly operator?: ':-' | ':?';
  /** What stands behind the operator, with the variables in it replaced. */
  readonly operand?: string;
}

/** One without another in it, so that those in defaults are replaced before what they are a default of. */
const INNERMOST = /\$\{([A-Za-z_]\w*)(?:(:[-?])([^{}]*))?\}/;

/**
 * The text with its variables replaced, as `docker compose` does it; an empty variable counts as none.
 * @param onReference called for every variable, also for those in defaults.
 * @throws {Error} when a required variable is missing, with the reason that the file gives, or a `$` is no variable.
 */
export function interpolate(
  text: string,
  env: Readonly<Record<string, string>>,
  onReference: (reference: Reference) => void = () => undefined,
): string {
  let out = text;
  for (let match; (match = INNERMOST.exec(out)) !== null;) {
    const [whole, variable = '', operator, operand = ''] = match;
    onReference({ variable, ...(operator !== undefined && { operator: operator as ':-', operand }) });
    const value = env[variable] ?? '';
    if (value === '' && operator === ':?') throw new Error(`the environment lacks ${variable}: ${operand}`);
    out = out.replace(whole, () => (value === '' && operator === ':-' ? operand : value));
  }
  if (out.includes('$')) throw new Error(`'${text}' has a $ that is no variable`);
  return out;
}
