/**
 * The base URLs of the API, without their host: that of an endpoint, that of a project, where `model` picks the endpoint, and
 * that of a key alone, which is the same as that of its project. Every operation that needs a key is served on all of them.
 */
export const BASES = [
  { path: '/{project}/{endpoint}', operationSuffix: '' },
  { path: '/{project}', operationSuffix: 'InProject' },
  { path: '', operationSuffix: 'ByKey' },
] as const;
