/** Maximum number of texts in one request: the limit of the OpenAI specification for embedding inputs. */
export const TEXTS_MAX = 2_048;
