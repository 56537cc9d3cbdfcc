/** What came back for a held-out item, and whether it is right. */
import { isDeepStrictEqual } from 'node:util';
import type { Expectation, HeldOutItem } from '../conversation.ts';

export interface Answer {
  /** Without the thought. */
  readonly content: string;
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
  readonly completionTokens: number;
}

/** Something that answers: a server, or a model file. */
export interface Answerer {
  /** @throws an Error when there is no answer at all, which counts as a wrong one. */
  answer(item: HeldOutItem): Promise<Answer>;
  close(): Promise<void>;
}

export function isRight(expectation: Expectation, answer: Answer): boolean {
  switch (expectation.kind) {
    case 'says': {
      const { all = [], any = [], none = [] } = expectation;
      const says = (text: string): boolean => containsWords(answer.content, text);
      return answer.calls.length === 0 && all.every(says) && (any.length === 0 || any.some(says)) && !none.some(says);
    }
    case 'calls':
      return isDeepStrictEqual(
        answer.calls.map((call) => ({ name: call.name, arguments: parsed(call.arguments) })),
        expectation.calls.map((call) => ({ name: call.name, arguments: { ...call.arguments } })),
      );
    case 'json':
      return isDeepStrictEqual(parsed(answer.content), { ...expectation.value });
  }
}

/** Whole words: a sum of 5 is not right because 15 was said. */
function containsWords(text: string, words: string): boolean {
  const escaped = words.toLowerCase().replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'u').test(text.toLowerCase());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
