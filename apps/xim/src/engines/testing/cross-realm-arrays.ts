/**
 * Jest runs specs in their own realm, but the llama.cpp binding creates its arrays in the main realm, where they are not
 * `instanceof` the `Array` of the spec, which the library checks. Import this before the engine.
 */
Object.defineProperty(Array, Symbol.hasInstance, { value: (value: unknown) => Array.isArray(value) });
