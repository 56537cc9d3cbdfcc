import type { ErrorCode } from '@xerotier/contracts/errors';
import type { z } from 'zod';
import type { AnswerHeader } from './answer-headers.ts';
import type { SchemaName } from './schemas.ts';

/** One row of the table of operations. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  /**
   * Behind the base (see `BASES`), such as `/v1/models/{model}`. Of a route that is public this is all of it.
   */
  readonly path: `/${string}`;
  /** Needs no key. */
  readonly isPublic?: boolean;
  /** The name of a generated client's method; on the other bases it has `InProject` or `ByKey` behind it. */
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  /** In the query of the URL. */
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: {
    readonly schema: SchemaName;
    /** Default `application/json`. */
    readonly mediaType?: string;
    /** A request that is answered: shown to readers, and held against the schema. */
    readonly example: Readonly<Record<string, unknown>>;
    /** Default true. */
    readonly isRequired?: boolean;
  };
  /** By media type, what a 200 has; several are alternatives, and of `text/event-stream` it is one event. `null` for bytes. */
  readonly answer: Readonly<Record<string, SchemaName | readonly SchemaName[] | null>>;
  /** Of that answer, besides X-Request-ID. */
  readonly answerHeaders?: readonly AnswerHeader[];
  readonly errors: readonly ErrorCode[];
}

export const tags = {
  'Chat completions': 'Answers of a model to messages, in one piece or as a stream.',
  'Stored completions': 'Chat completions that were asked for with `store: true`.',
  Embeddings: 'Vectors of texts.',
  'Audio and images':
    'Passed on to a server of your own that speaks the OpenAI API; what it answers is passed back as it is.',
  Reranking: 'How near documents are to a query.',
  Models: 'What there is to ask.',
  Reference: 'This document.',
} as const;

export type Tag = keyof typeof tags;
