export interface MailMessage {
  /** One e-mail address. */
  readonly to: string;
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

const ADDRESS = /^[^\s<>,;:"()[\]\\]+@[^\s<>,;:"()[\]\\]+$/;
const QUOTED_LENGTH_MAX = 64;

/**
 * Returns text of a user, such as the name of a project, for use in a message: one line without control characters, of bounded
 * length, in quotation marks.
 */
export function quoted(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').replaceAll('"', "'");
  const characters = [...line];
  return `"${characters.length > QUOTED_LENGTH_MAX ? `${characters.slice(0, QUOTED_LENGTH_MAX).join('')}…` : line}"`;
}

/** @throws {RangeError} for what would be more than one recipient, or more than one header. A defect: addresses are validated. */
export function assertSafeHeaders({ to, subject }: MailMessage): void {
  if (!ADDRESS.test(to)) throw new RangeError('Expected one e-mail address');
  if (/\p{Cc}/u.test(subject)) throw new RangeError('Expected a subject without control characters');
}
