/** Texts in one request, as the OpenAI specification bounds the inputs of an embedding. */
export const TEXTS_MAX = 2_048;
