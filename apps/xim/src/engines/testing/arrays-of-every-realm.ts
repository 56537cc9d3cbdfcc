/**
 * Jest runs specs in a realm of their own, but llama.cpp's binding makes its arrays in the first one, where they are no
 * `instanceof Array` of the spec's. The library asks exactly that. Import this before the engine.
 */
Object.defineProperty(Array, Symbol.hasInstance, { value: (value: unknown) => Array.isArray(value) });
