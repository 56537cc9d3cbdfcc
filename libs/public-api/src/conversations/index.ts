export {
  conversationsOperations,
  createConversation,
  createConversationItems,
  deleteConversation,
  deleteConversationItem,
  getConversation,
  getConversationItem,
  listConversationItems,
  listConversations,
  updateConversation,
} from './conversations.api.ts';
export { CREATED_ITEMS_MAX, createItemsRequest } from './request.ts';
