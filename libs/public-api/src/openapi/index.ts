export { buildDocument } from './build-document.ts';
export { components } from './components.ts';
export type { JsonSchema } from './json-schemas.ts';
export type {
  Content,
  DocumentedOperation,
  DocumentedResponse,
  OpenapiDocument,
  Parameter,
} from './openapi-document.ts';
