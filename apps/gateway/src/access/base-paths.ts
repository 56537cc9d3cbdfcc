/**
 * The base URLs of the API, without their host: that of an endpoint, that of a project, where `model` picks the endpoint, and
 * that of a key alone, which is the same as that of its project.
 */
export const BASES = [
  { path: '/{project}/{endpoint}', operationSuffix: '' },
  { path: '/{project}', operationSuffix: 'InProject' },
  { path: '', operationSuffix: 'ByKey' },
] as const;

/** The routes of one path on every base, as Nest writes them. */
export function onEveryBase(path: `v${number}/${string}`): string[] {
  return BASES.map(({ path: base }) => `${base.slice(1).replaceAll(/\{(\w+)\}/g, ':$1')}/${path}`.replace(/^\//, ''));
}
