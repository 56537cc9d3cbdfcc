/** Variables in a Compose file: `$NAME`, `${NAME}`, and with `:-` `-` `:?` `?` `:+` `+` a default, a reason or another value. */

export interface Reference {
  readonly variable: string;
  readonly operator?: string;
  /** What stands behind the operator, as it is written. */
  readonly operand?: string;
}

export class MissingVariable extends Error {
  override readonly name = 'MissingVariable';
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const OPERATOR = /^(?::-|:\?|:\+|-|\?|\+)/;

/**
 * The text with its variables replaced, as `docker compose` does it.
 * @param onReference hears of every variable, also of those in defaults.
 * @throws {MissingVariable} with the reason that the file gives, when a required one is not there.
 * @throws {SyntaxError} when a reference is not complete.
 */
export function interpolate(
  text: string,
  env: Readonly<Record<string, string>>,
  onReference: (reference: Reference) => void = () => undefined,
): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar === -1) break;
    out += text.slice(at, dollar);
    if (text[dollar + 1] === '$') {
      out += '$';
      at = dollar + 2;
      continue;
    }
    const braced = text[dollar + 1] === '{';
    const end = braced
      ? closingBrace(text, dollar + 1)
      : dollar + 1 + (NAME.exec(text.slice(dollar + 1))?.[0].length ?? 0);
    const reference = parseReference(text.slice(dollar + (braced ? 2 : 1), end), text);
    onReference(reference);
    out += valueOf(reference, env, onReference);
    at = braced ? end + 1 : end;
  }
  return out + text.slice(at);
}

function parseReference(body: string, text: string): Reference {
  const variable = NAME.exec(body)?.[0];
  if (variable === undefined) throw new SyntaxError(`'${text}' has a $ without a name: write $$ for the sign itself`);
  const rest = body.slice(variable.length);
  if (rest === '') return { variable };
  const operator = OPERATOR.exec(rest)?.[0];
  if (operator === undefined) throw new SyntaxError(`'${text}' has '${rest}' behind ${variable}, which means nothing`);
  return { variable, operator, operand: rest.slice(operator.length) };
}

function valueOf(
  { variable, operator = '', operand = '' }: Reference,
  env: Readonly<Record<string, string>>,
  onReference: (reference: Reference) => void,
): string {
  const given = Object.hasOwn(env, variable) ? env[variable] : undefined;
  // With a colon an empty value counts as none.
  const has = given !== undefined && !(operator.startsWith(':') && given === '');
  const other = (): string => interpolate(operand, env, onReference);
  if (operator.endsWith('+')) return has ? other() : '';
  if (operator.endsWith('?')) {
    const reason = other();
    if (!has) throw new MissingVariable(`${variable}: ${reason}`);
    return given ?? '';
  }
  if (operator.endsWith('-')) {
    const fallback = other();
    return has ? (given ?? '') : fallback;
  }
  return given ?? '';
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    else if (text[at] === '}' && (depth -= 1) === 0) return at;
  }
  throw new SyntaxError(`'${text}' has a brace that is not closed`);
}
