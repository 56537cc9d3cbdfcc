export {
  chatCompletionCancelled,
  chatCompletionDeleted,
  chatCompletionList,
  chatCompletionMessageList,
  completionChanges,
  storedChatCompletion,
} from './response.ts';
