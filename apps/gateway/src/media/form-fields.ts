/** The fields of a form as clients of this API name them, in the shape that JSON would have. */
import type { FormBody } from '@xerotier/http';
import type { Fields } from '../requests/request-fields.ts';

const BRACKETED = /^([^[\]]+)\[([^[\]]*)\]$/;

/**
 * `a[]=1` and a name that is repeated are lists, `a[b]=1` is an object, and all else is a text. Deeper names stay as they
 * are, and fit no field.
 */
export function formFields({ fields }: FormBody): Fields {
  const values = new Map<string, unknown>();
  for (const [name, value] of fields) {
    const [, base = name, key] = BRACKETED.exec(name) ?? [];
    const known = values.get(base);
    if (key !== undefined && key !== '') {
      const parts = known instanceof Map ? (known as Map<string, string>) : new Map<string, string>();
      values.set(base, parts.set(key, value));
    } else if (Array.isArray(known)) known.push(value);
    else if (key === '') values.set(base, [value]);
    else values.set(base, typeof known === 'string' ? [known, value] : value);
  }
  return Object.fromEntries(
    [...values].map(([name, value]) => [name, value instanceof Map ? Object.fromEntries(value) : value]),
  );
}

/** The name of a field of files, which may be a list. */
export function withoutBrackets(name: string): string {
  return BRACKETED.exec(name)?.[1] ?? name;
}
