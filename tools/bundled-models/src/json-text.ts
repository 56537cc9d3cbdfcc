/**
 * JSON as the filter `tojson` of the chat template prints it, with a space after every comma and colon. Training text,
 * tool calls of the history and what the model writes must agree to the letter.
 */
export function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}: ${jsonText(field)}`);
  return `{${fields.join(', ')}}`;
}
