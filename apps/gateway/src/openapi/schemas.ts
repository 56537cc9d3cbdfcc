/** Every body of the public API by the name that it has in the document: the names are the types of generated clients. */
import {
  chatCompletionRequest,
  embeddingRequest,
  imageEditRequest,
  imageGenerationRequest,
  imageVariationRequest,
  rerankRequest,
  scoreRequest,
  speechRequest,
  transcriptionRequest,
  translationRequest,
} from '@xerotier/contracts/openai';
import type { z } from 'zod';
import { chatCompletion, chatCompletionChunk } from '../chat-completions/chat-completion.schema.ts';
import { embeddingList } from '../embeddings/embedding.schema.ts';
import { modelList, publicModel } from '../models/model.schema.ts';
import { rerankAnswer, scoreAnswer } from '../rerank/rerank.schema.ts';
import {
  chatCompletionCancelled,
  chatCompletionDeleted,
  chatCompletionList,
  chatCompletionMessageList,
  completionChanges,
  storedChatCompletion,
} from '../stored-completions/stored-completion.schema.ts';
import { errorResponse, streamError } from './error.schema.ts';
import { welcome } from './welcome.ts';

export const schemas = {
  CreateChatCompletionRequest: chatCompletionRequest,
  ChatCompletion: chatCompletion,
  ChatCompletionChunk: chatCompletionChunk,
  StoredChatCompletion: storedChatCompletion,
  ChatCompletionList: chatCompletionList,
  ChatCompletionMessageList: chatCompletionMessageList,
  UpdateChatCompletionRequest: completionChanges,
  ChatCompletionCancelled: chatCompletionCancelled,
  ChatCompletionDeleted: chatCompletionDeleted,
  CreateEmbeddingRequest: embeddingRequest,
  EmbeddingList: embeddingList,
  CreateRerankRequest: rerankRequest,
  Rerank: rerankAnswer,
  CreateScoreRequest: scoreRequest,
  Score: scoreAnswer,
  CreateSpeechRequest: speechRequest,
  CreateTranscriptionRequest: transcriptionRequest,
  CreateTranslationRequest: translationRequest,
  CreateImageRequest: imageGenerationRequest,
  CreateImageEditRequest: imageEditRequest,
  CreateImageVariationRequest: imageVariationRequest,
  Model: publicModel,
  ModelList: modelList,
  Welcome: welcome,
  ErrorResponse: errorResponse,
  StreamError: streamError,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type SchemaName = keyof typeof schemas;
