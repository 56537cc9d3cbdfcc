/** @returns a function that replaces a method, of a class by its prototype, until the end of the test. */
export function wrappedMethods(): typeof wrap {
  afterEach(() => {
    for (const restore of restores.splice(0)) restore();
  });
  return wrap;
}

const restores: (() => void)[] = [];

function wrap<T extends object, K extends keyof T>(object: T, name: K, wrapped: (method: T[K]) => T[K]): void {
  const method = object[name] as (...args: unknown[]) => unknown;
  object[name] = function (this: unknown, ...args: unknown[]) {
    const bound = (...own: unknown[]): unknown => method.apply(this, own);
    return (wrapped(bound as T[K]) as typeof method)(...args);
  } as T[K];
  restores.push(() => (object[name] = method as T[K]));
}
