/** Fields of items that responses have on request only: `include`. */
import { z } from 'zod';
import { isRecord } from '../fields/bounded-object.ts';
import { queryList } from '../fields/query-list.ts';
import type { Item } from './item.ts';

export const includable = z.enum([
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
]);
export type Includable = z.infer<typeof includable>;

export const includeQuery = {
  include: queryList(includable.options).describe(
    'Fields that items have on request only, such as `message.input_image.image_url`.',
  ),
};

/** Returns the item without the fields that have to be requested. */
export function withIncluded(item: Item, include: readonly Includable[]): Item {
  const hides = (field: Includable): boolean => !include.includes(field);
  switch (item.type) {
    case 'message':
      return { ...item, content: partsOf(item).map((part) => withIncludedPart(part, hides)) };
    case 'reasoning':
      return hides('reasoning.encrypted_content') ? without(item, 'encrypted_content') : item;
    case 'file_search_call':
      return hides('file_search_call.results') ? without(item, 'results') : item;
    case 'code_interpreter_call':
      return hides('code_interpreter_call.outputs') ? { ...item, outputs: null } : item;
    case 'web_search_call':
      return hides('web_search_call.action.sources') ? withoutInner(item, 'action', 'sources') : item;
    case 'computer_call_output':
      return hides('computer_call_output.output.image_url') ? withoutInner(item, 'output', 'image_url') : item;
    default:
      return item;
  }
}

type Part = Readonly<Record<string, unknown>>;

function partsOf(item: Item): readonly Part[] {
  return item['content'] as readonly Part[];
}

function withIncludedPart(part: Part, hides: (field: Includable) => boolean): Part {
  if (part['type'] === 'input_image' && hides('message.input_image.image_url')) return without(part, 'image_url');
  if (part['type'] === 'output_text' && hides('message.output_text.logprobs')) return { ...part, logprobs: [] };
  return part;
}

function without<T extends Part>(value: T, name: string): T {
  const { [name]: _hidden, ...rest } = value;
  return rest as T;
}

function withoutInner(item: Item, outer: string, inner: string): Item {
  const value = item[outer];
  return isRecord(value) ? { ...item, [outer]: without(value, inner) } : item;
}
