/** The groups of operations in the reference, in its order. */
export const tags = {
  'Chat completions': 'Responses of a model to messages, in one piece or as a stream.',
  'Stored completions': 'Chat completions that were created with `store: true`.',
  Embeddings: 'Vectors of texts.',
  'Audio and images':
    'Passed on to a server of your own that speaks the OpenAI API; its responses are passed back as they are.',
  Reranking: 'How relevant documents are to a query.',
  Models: 'The models of a project and of an endpoint.',
  Reference: 'This document.',
} as const;

export type Tag = keyof typeof tags;
