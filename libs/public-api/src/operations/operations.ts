/** All operations of the public API, in the order of the reference. The gateway does not start if one has no controller. */
import { createSpeech, createTranscription, createTranslation } from '../audio/audio.api.ts';
import { createChatCompletion } from '../chat-completions/chat-completions.api.ts';
import { createEmbedding } from '../embeddings/embeddings.api.ts';
import { createImage, createImageEdit, createImageVariation } from '../images/images.api.ts';
import { listModels, retrieveModel } from '../models/models.api.ts';
import type { OperationDefinition } from '../operation/define-operation.ts';
import {
  getOpenapiDocument,
  getReferencePage,
  getReferencePageScript,
  getWelcome,
} from '../reference/reference.api.ts';
import { rerank, rerankV2, score } from '../reranking/reranking.api.ts';
import {
  deleteChatCompletion,
  getChatCompletion,
  getChatCompletionMessages,
  listChatCompletions,
  updateChatCompletion,
} from '../stored-completions/stored-completions.api.ts';

export const operations: readonly OperationDefinition[] = [
  createChatCompletion,
  listChatCompletions,
  getChatCompletion,
  updateChatCompletion,
  deleteChatCompletion,
  getChatCompletionMessages,
  createEmbedding,
  rerank,
  rerankV2,
  score,
  createSpeech,
  createTranscription,
  createTranslation,
  createImage,
  createImageEdit,
  createImageVariation,
  listModels,
  retrieveModel,
  getWelcome,
  getOpenapiDocument,
  getReferencePage,
  getReferencePageScript,
];
