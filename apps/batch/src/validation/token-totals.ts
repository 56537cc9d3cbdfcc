import type { LineTokens } from './validate-line.ts';

/** What the lines of one model may use, roughly. */
export interface ModelTokens {
  lines: number;
  prompt: number;
  /** Of completions with a maximum. */
  completion: number;
  /** Completions without a maximum, and the tokens of their prompts, those of a line once for each of its completions. */
  unbounded: number;
  unboundedPrompt: number;
}

/** Of a completion without a maximum: what it takes of the allowance of enqueued tokens. */
export const COMPLETION_TOKENS = 1_024;

/** Sums the tokens of lines, by model. */
export class TokenTotals {
  readonly byModel = new Map<string, ModelTokens>();

  add(model: string, { prompt, completion, choices }: LineTokens): void {
    const before = this.byModel.get(model);
    const sums = before ?? { lines: 0, prompt: 0, completion: 0, unbounded: 0, unboundedPrompt: 0 };
    if (before === undefined) this.byModel.set(model, sums);
    sums.lines += 1;
    sums.prompt += prompt;
    sums.completion += completion ?? 0;
    if (completion !== undefined) return;
    sums.unbounded += choices;
    sums.unboundedPrompt += choices * prompt;
  }

  /** What they take of the allowance. */
  get enqueued(): number {
    return [...this.byModel.values()].reduce(
      (sum, { prompt, completion, unbounded }) => sum + prompt + completion + unbounded * COMPLETION_TOKENS,
      0,
    );
  }
}
