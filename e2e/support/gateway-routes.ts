/** The routes that the gateway really has, read from its built controllers: what no list that is kept by hand can promise. */
import { projectRoot } from '@xerotier/dev';
import { globSync } from 'node:fs';
import { join } from 'node:path';

export interface GatewayRoute {
  /** `POST :project/v1/chat/completions` */
  readonly name: string;
  /** Fits a method and a path, such as `GET /{project}/v1/models`. */
  readonly pattern: RegExp;
}

/** As Nest numbers them. */
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];
/** Comes with Nest, which keeps there what its decorators were told. */
type Metadata = typeof Reflect & { getMetadata: (key: string, target: object) => unknown };

export async function gatewayRoutes(): Promise<GatewayRoute[]> {
  const folder = join(projectRoot, 'apps/gateway/dist');
  const files = globSync('**/*.controller.js', { cwd: folder }).sort();
  const modules = await Promise.all(files.map((file) => import(join(folder, file)) as Promise<object>));
  return modules.flatMap((module) => Object.values(module).flatMap((controller) => routesOf(controller as Controller)));
}

type Controller = new (...args: never[]) => object;

function routesOf({ prototype }: Controller): GatewayRoute[] {
  return Object.values(Object.getOwnPropertyDescriptors(prototype)).flatMap(({ value: handler }) => {
    const read = (key: string): unknown => (Reflect as Metadata).getMetadata(key, handler as object);
    const number = read('method') as number | undefined;
    if (number === undefined) return [];
    const paths = read('path') as string | string[];
    const method = METHODS[number];
    if (method === undefined) throw new Error(`A route has a method that is not known here: ${String(paths)}`);
    return [paths].flat().map((path) => route(method, path));
  });
}

function route(method: string, path: string): GatewayRoute {
  const parts = path.split('/').map((part) => {
    if (part === '*') return '.+';
    // A base path with an endpoint must not pass for one without.
    return part.startsWith(':') ? '(?!v1(?:/|$))[^/]+' : part;
  });
  return { name: `${method} ${path}`, pattern: new RegExp(`^${method} /${parts.join('/').replace(/^\//, '')}$`) };
}
