import { ITEM_ID_PREFIXES } from '@xerotier/public-api/items';
import type { ItemKind } from '@xerotier/public-api/items';
import { randomHex } from '@xerotier/random';

export function newItemId(kind: ItemKind): string {
  return `${ITEM_ID_PREFIXES[kind]}_${randomHex(24)}`;
}
