import { TEXT_LENGTH_MAX } from './messages.ts';

/** Why the text of a file cannot be extracted: a part of a sentence about it, "it is encrypted". */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

export function tooLong(): Unreadable {
  return new Unreadable(`it has more than ${TEXT_LENGTH_MAX} characters of text`);
}
