/**
 * Base paths of the API: of an endpoint; of a project, where `model` selects the endpoint; and the root, which is the project of
 * the API key. Operations that require a key are served on all of them, or on those of a project.
 */
const BASES = [
  { path: '/{project}/{endpoint}', operationSuffix: '' },
  { path: '/{project}', operationSuffix: 'InProject' },
  { path: '', operationSuffix: 'ByKey' },
] as const;

/** `project`: for what belongs to the project as a whole, it is not served below an endpoint. */
export type Bases = 'endpoint' | 'project';

export interface BasePath {
  readonly path: string;
  /** Appended to the id of the operation. */
  readonly operationSuffix: string;
}

export function basesOf(bases: Bases = 'endpoint'): readonly BasePath[] {
  if (bases === 'endpoint') return BASES;
  const [, inProject, byKey] = BASES;
  return [{ ...inProject, operationSuffix: '' }, byKey];
}
