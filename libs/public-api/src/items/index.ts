export { ITEM_ID_PREFIXES, isItemId } from './item-kinds.ts';
export type { ItemKind } from './item-kinds.ts';
export { inputItem, item, itemOrReference, turnItem } from './item.ts';
export type { CompactionTrigger, InputItem, Item, ItemReference, NewItem } from './item.ts';
export { includable, includeQuery, withIncluded } from './include.ts';
export type { Includable } from './include.ts';
