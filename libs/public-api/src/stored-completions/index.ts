export {
  chatCompletionCancelled,
  chatCompletionDeleted,
  chatCompletionList,
  chatCompletionMessageList,
  completionChanges,
  storedChatCompletion,
} from './response.ts';
export { completionQuery, completionsQuery, lastEventIdHeaders, messagesQuery } from './query.ts';
export type { CompletionsQuery, MessagesQuery } from './query.ts';
export {
  deleteChatCompletion,
  getChatCompletion,
  getChatCompletionMessages,
  listChatCompletions,
  updateChatCompletion,
} from './stored-completions.api.ts';
