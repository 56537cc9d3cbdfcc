/**
 * The tags with which a model family marks reasoning and tool calls in its output. Support is detected in the chat template,
 * which renders the same tags for earlier turns. The tags are those of Qwen, Hermes and the many models that follow them.
 */
export interface Dialect {
  /** The template passes tools to the model. */
  readonly supportsTools: boolean;
  /** The model may generate reasoning before its final output. */
  readonly supportsReasoning: boolean;
  /** The template can disable reasoning. */
  readonly reasoningIsOptional: boolean;
  readonly reasoningOpens: string;
  readonly reasoningCloses: string;
  readonly callOpens: string;
  readonly callCloses: string;
}

const TAGS = {
  reasoningOpens: '<think>',
  reasoningCloses: '</think>',
  callOpens: '<tool_call>',
  callCloses: '</tool_call>',
} as const;

/** @param template source of the model's chat template; undefined when it has none. */
export function dialectOf(template = ''): Dialect {
  const supportsReasoning = template.includes(TAGS.reasoningCloses);
  return {
    ...TAGS,
    supportsTools: /\btools\b/.test(template) && template.includes(TAGS.callOpens),
    supportsReasoning,
    reasoningIsOptional: supportsReasoning && template.includes('enable_thinking'),
  };
}
