import { ITEM_ID_PREFIXES } from '@xerotier/public-api/items';
import type { ItemKind } from '@xerotier/public-api/items';
import { randomBytes } from 'node:crypto';

export function newItemId(kind: ItemKind): string {
  return `${ITEM_ID_PREFIXES[kind]}_${randomBytes(24).toString('hex')}`;
}
