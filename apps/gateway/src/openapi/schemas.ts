/** Every body of the public API by the name that it has in the document: the names are the types of generated clients. */
import { speechRequest, transcriptionRequest, translationRequest } from '@xerotier/public-api/audio';
import { chatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { embeddingRequest } from '@xerotier/public-api/embeddings';
import { imageEditRequest, imageGenerationRequest, imageVariationRequest } from '@xerotier/public-api/images';
import { rerankRequest, scoreRequest } from '@xerotier/public-api/reranking';
import type { z } from 'zod';
import { chatCompletion, chatCompletionChunk } from '@xerotier/public-api/chat-completions';
import { embeddingList } from '@xerotier/public-api/embeddings';
import { modelList, publicModel } from '@xerotier/public-api/models';
import { rerankAnswer, scoreAnswer } from '@xerotier/public-api/reranking';
import {
  chatCompletionCancelled,
  chatCompletionDeleted,
  chatCompletionList,
  chatCompletionMessageList,
  completionChanges,
  storedChatCompletion,
} from '@xerotier/public-api/stored-completions';
import { errorResponse, streamError } from '@xerotier/public-api/errors';
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
