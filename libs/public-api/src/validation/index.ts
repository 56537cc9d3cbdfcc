export type { FieldError } from './field-error.ts';
export { readValue } from './read-value.ts';
export type { ReadResult } from './read-value.ts';
