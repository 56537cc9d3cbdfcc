/** The routes that the gateway really has, read from its controllers: what no list that is kept by hand can promise. */
import { projectRoot } from '@xerotier/dev';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface GatewayRoute {
  /** `POST :project/v1/chat/completions` */
  readonly name: string;
  /** Fits a method and a path, such as `GET /{project}/v1/models`. */
  readonly pattern: RegExp;
}

const DECORATOR = /@(Get|Post|Put|Patch|Delete)\(([^)]*)\)/g;

export function gatewayRoutes(): GatewayRoute[] {
  const folder = join(projectRoot, 'apps/gateway/src');
  return globSync('**/*.controller.ts', { cwd: folder }).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(DECORATOR)].flatMap(([, method = '', paths = '']) =>
      [...paths.matchAll(/'([^']*)'/g)].map(([, path = '']) => route(method.toUpperCase(), path)),
    ),
  );
}

function route(method: string, path: string): GatewayRoute {
  const parts = path.split('/').map((part) => {
    if (part === '*') return '.+';
    // A base path with an endpoint must not pass for one without.
    return part.startsWith(':') ? '(?!v1(?:/|$))[^/]+' : part;
  });
  return { name: `${method} ${path}`, pattern: new RegExp(`^${method} /${parts.join('/')}$`) };
}
