import { AppError } from '@xerotier/errors';
import { isItemId } from '@xerotier/public-api/items';
import { printable } from '../access/check-access.ts';
import { isStoredId } from '../files/files-outages.ts';

/** @throws {AppError} `request.invalid` for what does not begin like the id of a conversation; `conversation.not_found` for what cannot be one. */
export function asConversationId(id: string): string {
  if (!id.startsWith('conv_')) throw invalidId('conversation_id', id, 'conv_');
  if (!isStoredId(id)) throw new AppError('conversation.not_found', { conversation: printable(id) });
  return id;
}

/** @throws {AppError} `request.invalid` for what does not begin like the id of an item; `item.not_found` for what cannot be one. */
export function asItemId(id: string): string {
  if (!isItemId(id)) throw invalidId('item_id', id, 'the prefix of an item, such as msg_');
  if (!isStoredId(id)) throw new AppError('item.not_found', { item: printable(id) });
  return id;
}

function invalidId(param: string, id: string, prefix: string): AppError {
  const reason = `Invalid '${param}': '${printable(id)}'. Expected an id that begins with ${prefix}.`;
  return new AppError('request.invalid', { reason }, { param });
}
