/** Items: messages, calls of tools and their outputs, and what else a turn consists of. */
import { z } from 'zod';
import { isRecord } from '../fields/bounded-object.ts';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { commandItems } from './command-items.ts';
import { clientToolItems } from './function-items.ts';
import { hostedItems } from './hosted-items.ts';
import { ITEM_ID_PREFIXES } from './item-kinds.ts';
import type { ItemKind } from './item-kinds.ts';
import { mcpItems } from './mcp-items.ts';
import { message } from './message-items.ts';
import { compaction, reasoning } from './reasoning-items.ts';

/** Stands for an item that exists already. */
const itemReference = z.object({ type: z.literal('item_reference'), id: storableText(256).min(1) });

/** By `type`. What is parsed has the form in which it is stored, without an id. */
export const itemOrReference = z
  .discriminatedUnion('type', [
    message,
    ...clientToolItems,
    reasoning,
    compaction,
    ...hostedItems,
    ...commandItems,
    ...mcpItems,
    itemReference,
  ])
  .register(components, { id: 'InputItem' });

/**
 * An item of a request. Without a type it is a message, or if it has no role either, a reference. Ids of clients are dropped.
 */
export const inputItem = z
  .preprocess(withType, itemOrReference)
  .meta({ jsonSchema: { $ref: '#/components/schemas/InputItem' } });
export type InputItem = z.output<typeof inputItem>;
export type ItemReference = z.output<typeof itemReference>;
/** An item that has no id yet. */
export type NewItem = Exclude<InputItem, ItemReference>;

/** Stands at the end of a request that compacts its context instead of continuing it. It is no item that anything could keep. */
const compactionTrigger = z
  .object({ type: z.literal('compaction_trigger') })
  .register(components, { id: 'CompactionTrigger' });
export type CompactionTrigger = z.output<typeof compactionTrigger>;

/** What the input of a turn may have: an item, or the trigger of a compaction. */
export const turnItem = z
  .preprocess(withType, z.discriminatedUnion('type', [itemOrReference, compactionTrigger]))
  .meta({
    jsonSchema: {
      anyOf: [{ $ref: '#/components/schemas/InputItem' }, { $ref: '#/components/schemas/CompactionTrigger' }],
    },
  });

function withType(value: unknown): unknown {
  if (!isRecord(value) || (value['type'] ?? undefined) !== undefined) return value;
  if (value['role'] !== undefined) return { ...value, type: 'message' };
  return value['id'] === undefined ? value : { ...value, type: 'item_reference' };
}

const itemKind = z.enum(Object.keys(ITEM_ID_PREFIXES) as [ItemKind, ...ItemKind[]]);

/** An item of a response. Its further fields are those of its type, as in the OpenAI specification. */
export const item = z
  .looseObject({
    id: z.string(),
    type: itemKind,
    status: z.string().optional(),
  })
  .register(components, { id: 'Item' });
export type Item = z.output<typeof item>;
