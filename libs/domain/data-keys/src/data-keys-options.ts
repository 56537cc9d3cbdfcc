/** Of which service the data keys are. */
export interface DataKeysOptions {
  /** The schema with the table. It is part of what a key is wrapped for, and never changes. */
  readonly schema: string;
  /** The name of the setting with the master key, for error messages. */
  readonly masterKey: string;
}

export const DATA_KEYS_OPTIONS = Symbol('DATA_KEYS_OPTIONS');
