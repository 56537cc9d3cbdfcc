/** The shapes of the training text and of the held-out items: messages as the OpenAI API has them. */
import type { Random } from './random.ts';

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export type Message =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string | null; readonly tool_calls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly content: string; readonly tool_call_id: string };

export interface Tool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters: {
      readonly type: 'object';
      readonly properties: Readonly<Record<string, { readonly type: string }>>;
      readonly required?: readonly string[];
    };
  };
}

export interface Conversation {
  readonly family: string;
  readonly messages: readonly Message[];
  readonly tools?: readonly Tool[];
  /** What the assistant thinks before its last message. Earlier messages never show a thought. */
  readonly thought?: string;
  /** `false`: the prompt ends with an empty thought, and the answer comes without one. */
  readonly enableThinking?: false;
  /** Only the last message is learnt, because the earlier ones of the assistant came after thoughts that are not shown. */
  readonly learnLastOnly?: true;
  /** The first characters of the last message that something else forces (a grammar); they are not learnt. */
  readonly forced?: string;
}

/** What a right answer is. Texts are compared without regard to upper and lower case. */
export type Expectation =
  | {
      readonly kind: 'says';
      readonly all?: readonly string[];
      readonly any?: readonly string[];
      readonly none?: readonly string[];
    }
  | {
      readonly kind: 'calls';
      readonly calls: readonly { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }[];
    }
  | { readonly kind: 'json'; readonly value: Readonly<Record<string, unknown>> };

export interface HeldOutItem {
  readonly family: string;
  readonly messages: readonly Message[];
  readonly tools?: readonly Tool[];
  readonly response_format?: Readonly<Record<string, unknown>>;
  readonly expect: Expectation;
}

/**
 * A family of conversations. What makes a question (its phrasing, names, numbers) is split once: `train` draws from one
 * part, `heldOut` from the other.
 */
export interface Family {
  readonly name: string;
  /** How often it occurs, relative to the others. */
  readonly share: number;
  train(random: Random): Conversation;
  heldOut(random: Random): HeldOutItem;
}

export const system = (content: string): Message => ({ role: 'system', content });
export const user = (content: string): Message => ({ role: 'user', content });
export const assistant = (content: string): Message => ({ role: 'assistant', content });
