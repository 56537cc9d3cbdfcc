/**
 * How models of a family mark what is not plain text in their replies. The marks are read from the chat template, which
 * has to write them for earlier turns; both are the same for Qwen, Hermes and the many models that follow them.
 */
export interface Dialect {
  /** The template can tell the model which tools there are. */
  readonly knowsTools: boolean;
  /** The model may think before it answers. */
  readonly thinks: boolean;
  /** The template can tell the model not to think. */
  readonly thinkingCanBeTurnedOff: boolean;
  readonly reasoningOpens: string;
  readonly reasoningCloses: string;
  readonly callOpens: string;
  readonly callCloses: string;
}

const MARKS = {
  reasoningOpens: '<think>',
  reasoningCloses: '</think>',
  callOpens: '<tool_call>',
  callCloses: '</tool_call>',
} as const;

/** @param template the source of the model's chat template; undefined when it brings none. */
export function dialectOf(template = ''): Dialect {
  const thinks = template.includes(MARKS.reasoningCloses);
  return {
    ...MARKS,
    knowsTools: /\btools\b/.test(template) && template.includes(MARKS.callOpens),
    thinks,
    thinkingCanBeTurnedOff: thinks && template.includes('enable_thinking'),
  };
}
