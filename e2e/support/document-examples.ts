/**
 * The examples of documents: fenced code blocks. The expected output of a program is documented in comments that start with
 * `=>`; the output must contain each of them.
 */
export interface DocumentExample {
  readonly document: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  /** Empty when the fence has none. */
  readonly language: string;
  readonly text: string;
  readonly prints: readonly string[];
}

/** Languages of programs; blocks in other languages are not run. */
export const programLanguages = ['sh', 'bash', 'python', 'js', 'ts', 'go'];
/** Languages that cannot be run. */
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
