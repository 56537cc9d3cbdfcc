/**
 * The examples of documents: fenced blocks of code. What a program prints is written below it, as comments that begin
 * with `=>`; each has to be a part of the output.
 */
export interface DocumentExample {
  readonly document: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** Empty when the fence says none. */
  readonly language: string;
  readonly text: string;
  readonly prints: readonly string[];
}

/** Languages of programs; a block in another one is not run. */
export const programLanguages = ['sh', 'bash', 'python', 'js', 'ts', 'go'];
/** Languages of what nobody can run. */
export const otherLanguages = ['text', 'json', 'yaml'];

export function examplesIn(document: string, text: string): DocumentExample[] {
  return [...text.matchAll(/^( *)```(\S*)[^\n]*\n([^]*?)^\1```$/gm)].map((match) => {
    const [, , language = '', code = ''] = match;
    return {
      document,
      line: text.slice(0, match.index).split('\n').length,
      language,
      text: code,
      prints: [...code.matchAll(/^\s*(?:#|\/\/) => (.+)$/gm)].map(([, printed]) => printed as string),
    };
  });
}
