/** The actual routes of the gateway, read from the metadata of its controllers. */
import { projectRoot } from '@xerotier/dev';
import { globSync } from 'node:fs';
import { join } from 'node:path';

export interface GatewayRoute {
  /** `POST :project/v1/chat/completions` */
  readonly name: string;
  /** Matches a method and a path, such as `GET /{project}/v1/models`. */
  readonly pattern: RegExp;
}

/** In the order of the enum `RequestMethod` of Nest. */
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];
/** Nest stores the metadata of its decorators with `reflect-metadata`. */
type Metadata = typeof Reflect & { getMetadata: (key: string, target: object) => unknown };

export async function gatewayRoutes(): Promise<GatewayRoute[]> {
  const folder = join(projectRoot, 'apps/gateway/src');
  const files = globSync('**/*.controller.ts', { cwd: folder }).sort();
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
    if (method === undefined) throw new Error(`unknown method of the route ${String(paths)}`);
    return [paths].flat().map((path) => route(method, path));
  });
}

function route(method: string, path: string): GatewayRoute {
  const parts = path.split('/').map((part) => {
    if (part === '*') return '.+';
    // A base path without an endpoint must not match one with an endpoint.
    return part.startsWith(':') ? '(?!v1(?:/|$))[^/]+' : part;
  });
  return { name: `${method} ${path}`, pattern: new RegExp(`^${method} /${parts.join('/').replace(/^\//, '')}$`) };
}
