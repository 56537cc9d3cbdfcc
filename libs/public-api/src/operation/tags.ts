/** Groups of operations, in the order of the reference. */
export const tags = {
  'Chat completions': 'Generate a response to a list of messages, as a whole or as a stream.',
  'Stored completions': 'Chat completions that were created with `store: true`.',
  Responses:
    'Generate a response to items, such as messages and outputs of tools. Responses are stored, so that later ones continue them; their items are encrypted with a key of the project.',
  Conversations:
    'Items of a conversation, such as messages and calls of tools, in their order. They are encrypted with a key of the project.',
  Embeddings: 'Vector representations of texts.',
  'Audio and images':
    'Requests are passed through to an OpenAI-compatible server behind a worker, and so are its responses.',
  Reranking: 'The relevance of documents to a query.',
  Files: 'Files of a project: inputs and outputs of batches, and others. They are encrypted with a key of the project.',
  Uploads: 'Files of up to 8 GB, uploaded in parts.',
  Batches: 'Requests of a file, run on what the workers have idle, at the batch discount of the tier.',
  Models: 'The models of a project or an endpoint.',
  Endpoints:
    'The endpoints of a project, and what they can be created with. They need a key with the scope `management`, or the session of a member: owners may change endpoints, members may read them.',
  'Model catalogue':
    'The models that endpoints can be created with, those that a project has uploaded, with their versions, and what projects share. It needs a key with the scope `management`, or the session of a member: owners may change models, members may read them.',
  'API keys':
    'The API keys of a project. They need a key with the scope `management`, or the session of a member: owners may change keys, members may read them.',
  'Audit log':
    'Every change of a project: what was changed, by whom, from where. It needs a key with the scope `management`, or the session of a member.',
  Usage:
    'What the requests of a project used, and cost. It needs a key with the scope `inference`, or the session of a member; exports need the scope `management`.',
  Project:
    'A project and its settings. They need a key with the scope `management`, or the session of a member: owners may change the project, members may read it.',
  Members:
    'The members of a project and their roles. They need a key with the scope `management`, or the session of a member: owners may change members, members may read them.',
  Budgets:
    'Amounts that a project plans to spend, with alerts: the event `budget.threshold_reached`. They need a key with the scope `management`, or the session of a member: owners may change budgets, members may read them.',
  Accounts:
    'Accounts of people, their sessions and their projects. They are for web pages of the platform itself: a request needs the cookie of a session instead of an API key, and one that changes something must come from the same site (`Origin`).',
  Administration:
    'The platform as a whole: tiers and prices, accounts, and projects from outside. They need the session of an account with the system role `operator` or `admin`, and accept no API key.',
  Reference: 'This document.',
} as const;

export type Tag = keyof typeof tags;
