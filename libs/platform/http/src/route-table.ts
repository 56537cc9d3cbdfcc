/**
 * Records the routes of an application, to distinguish a wrong method from a wrong path, and to reject routes without
 * access rules.
 */
import type { FastifyInstance } from 'fastify';

export interface RouteEntry {
  readonly method: string;
  readonly url: string;
}

export class RouteTable {
  readonly #patterns = new Map<string, { matches: RegExp; methods: Set<string> }>();

  /** Records every route that is registered from now on. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) this.#add(name, url);
    });
  }

  routes(): RouteEntry[] {
    return [...this.#patterns].flatMap(([url, { methods }]) => [...methods].map((method) => ({ method, url })));
  }

  /** Returns the methods of all routes. */
  methods(): string[] {
    return [...new Set([...this.#patterns.values()].flatMap(({ methods }) => [...methods]))].sort();
  }

  /** Returns the methods of a path; empty when it has no route. */
  methodsOf(path: string): string[] {
    return [...this.#patterns.values()]
      .filter(({ matches }) => matches.test(path))
      .flatMap(({ methods }) => [...methods]);
  }

  #add(method: string, url: string): void {
    const entry = this.#patterns.get(url) ?? { matches: patternOf(url), methods: new Set<string>() };
    entry.methods.add(method);
    this.#patterns.set(url, entry);
  }
}

function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}$`);
}
