export { buildDocument } from './build-document.ts';
export { SAMPLE_BASE_URL } from './code-samples.ts';
export { components } from './components.ts';
export type { JsonSchema } from './json-schemas.ts';
export type {
  Content,
  DocumentedOperation,
  DocumentedResponse,
  OpenapiDocument,
  Parameter,
} from './openapi-document.ts';
