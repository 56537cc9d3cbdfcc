/** The parts of items that name files. */
import type { NewItem } from '@xerotier/public-api/items';

/** An item, and the field of the request that it comes from. */
export interface ReadItem {
  readonly item: NewItem;
  readonly param: string;
}

type Message = Exclude<Extract<NewItem, { type: 'message' }>, { role: 'assistant' }>;
type Part = Message['content'][number];
export type FilePart = Extract<Part, { type: 'input_file' }>;
export type ImagePart = Extract<Part, { type: 'input_image' }>;
/** A part that models are shown as it is. */
export type ShownPart = Exclude<Part, FilePart>;
type AnyPart = Part | { readonly type: 'output_text' } | { readonly type: 'refusal' };

/** The use of a file. */
export interface FileUse {
  readonly part: FilePart | ImagePart;
  /** The part, as a field of the request. */
  readonly param: string;
  /** Whether the part is of an earlier turn, so that the client cannot change it. */
  readonly isEarlier: boolean;
}

export function fileUses({ item, param }: ReadItem, isEarlier: boolean): FileUse[] {
  return (partsOf(item)?.parts ?? []).flatMap((part, at) =>
    namesFile(part) ? [{ part, param: isEarlier ? param : `${param}.${partsOf(item)?.field}[${at}]`, isEarlier }] : [],
  );
}

/** Returns the item with other parts in place of those that name files. */
export function withShownParts<I extends ReadItem>(read: I, shown: ReadonlyMap<object, ShownPart>): I {
  const found = partsOf(read.item);
  if (found === undefined || !found.parts.some(namesFile)) return read;
  const parts = found.parts.map((part) => shown.get(part) ?? part);
  return { ...read, item: { ...read.item, [found.field]: parts } };
}

function namesFile(part: AnyPart): part is FilePart | ImagePart {
  return part.type === 'input_file' || (part.type === 'input_image' && part.image_url === undefined);
}

interface Parts {
  readonly field: 'content' | 'output';
  readonly parts: readonly AnyPart[];
}

function partsOf(item: NewItem): Parts | undefined {
  switch (item.type) {
    case 'message':
      return { field: 'content', parts: item.content };
    case 'function_call_output':
    case 'custom_tool_call_output':
      return typeof item.output === 'string' ? undefined : { field: 'output', parts: item.output };
    default:
      return undefined;
  }
}
