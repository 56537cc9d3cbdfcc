/**
 * Variables in a Compose file, in the forms that this project uses: `${NAME}`, `${NAME:-default}`, `${NAME:?reason}`.
 */

export interface Reference {
  readonly variable: string;
  readonly operator?: ':-' | ':?';
  /** The text after the operator, interpolated. */
  readonly operand?: string;
}

/** Matches a variable without nested ones, so that variables in defaults are replaced first. */
const INNERMOST = /\$\{([A-Za-z_]\w*)(?:(:[-?])([^{}]*))?\}/;

/**
 * Interpolates variables like `docker compose`; an empty variable counts as not set.
 * @param onReference called for every variable, including those in defaults.
 * @throws {Error} when a required variable is missing, with the reason in the file, or on an invalid `$`.
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
  if (out.includes('$')) throw new Error(`'${text}' has an invalid $`);
  return out;
}
