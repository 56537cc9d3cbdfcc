/** Converts the fields of a form to the structure that they have in JSON. */

/** In the order in which they were sent; names may repeat. */
export type FormFields = readonly (readonly [name: string, value: string])[];

const BRACKETED = /^([^[\]]+)\[([^[\]]*)\]$/;

/**
 * `a[]=1` and repeated names are arrays, `a[b]=1` is an object, and everything else is a string. Names with deeper nesting are
 * unchanged, and match no field.
 */
export function formFields(fields: FormFields): Readonly<Record<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const [name, value] of fields) {
    const [, base = name, key] = BRACKETED.exec(name) ?? [];
    const previous = values.get(base);
    if (key !== undefined && key !== '') {
      const parts = previous instanceof Map ? (previous as Map<string, string>) : new Map<string, string>();
      values.set(base, parts.set(key, value));
    } else if (Array.isArray(previous)) previous.push(value);
    else if (key === '') values.set(base, [value]);
    else values.set(base, typeof previous === 'string' ? [previous, value] : value);
  }
  return Object.fromEntries(
    [...values].map(([name, value]) => [name, value instanceof Map ? Object.fromEntries(value) : value]),
  );
}

/** Returns the name of a file field, which may be an array. */
export function withoutBrackets(name: string): string {
  return BRACKETED.exec(name)?.[1] ?? name;
}
