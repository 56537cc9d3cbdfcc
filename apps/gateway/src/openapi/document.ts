/** The one document of this process, made when it is first asked for: most gateways never are. */
import { buildDocument } from './build-document.ts';
import type { OpenapiDocument } from './openapi-document.ts';
import { operations } from './operations.ts';

let built: OpenapiDocument | undefined;
let text: string | undefined;

export function openapiDocument(): OpenapiDocument {
  return (built ??= buildDocument(operations));
}

export function openapiText(): string {
  return (text ??= JSON.stringify(openapiDocument()));
}
