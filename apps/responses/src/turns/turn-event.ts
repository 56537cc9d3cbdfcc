/**
 * What happens in a turn, in the order of its output: items are added one after another, each has its parts one after another, and
 * ends before the next one begins. The events of the public API, the response object and the stored items are all made from it.
 */
import type { StoredItem } from '@xerotier/contracts/responses';

/** Of a token, as in the public API. */
export type Logprob = Readonly<Record<string, unknown>>;

export type TextPart =
  | {
      readonly type: 'output_text';
      readonly text: string;
      readonly annotations: unknown[];
      readonly logprobs: Logprob[];
    }
  | { readonly type: 'refusal'; readonly refusal: string }
  | { readonly type: 'reasoning_text'; readonly text: string }
  | { readonly type: 'summary_text'; readonly text: string };

/** Where a part is: the place of its item in the output, and its place in the item. */
export interface PartAddress {
  readonly item: StoredItem;
  readonly output: number;
  readonly part: number;
}

export type TurnEvent =
  | { readonly type: 'item_added'; readonly output: number; readonly item: StoredItem }
  | ({ readonly type: 'part_added'; readonly content: TextPart } & PartAddress)
  | ({
      readonly type: 'text_delta';
      readonly kind: TextPart['type'];
      readonly delta: string;
      readonly logprobs: readonly Logprob[];
    } & PartAddress)
  | ({ readonly type: 'annotation_added'; readonly annotation: unknown; readonly index: number } & PartAddress)
  | ({
      readonly type: 'part_done';
      readonly content: TextPart;
      /** Whether the end of its text has its event already. Default false. */
      readonly isTextDone?: boolean;
    } & PartAddress)
  | { readonly type: 'arguments_delta'; readonly output: number; readonly item: StoredItem; readonly delta: string }
  | { readonly type: 'arguments_done'; readonly output: number; readonly item: StoredItem }
  | { readonly type: 'item_done'; readonly output: number; readonly item: StoredItem };

/** How the output of a model ended. */
export type TurnOutcome = 'completed' | 'max_output_tokens' | 'content_filter';
