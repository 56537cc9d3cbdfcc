/**
 * Base paths of the API: of an endpoint; of a project, where `model` selects the endpoint; and the root, which is the project of
 * the API key. Every operation that requires a key is served on all of them.
 */
export const BASES = [
  { path: '/{project}/{endpoint}', operationSuffix: '' },
  { path: '/{project}', operationSuffix: 'InProject' },
  { path: '', operationSuffix: 'ByKey' },
] as const;
