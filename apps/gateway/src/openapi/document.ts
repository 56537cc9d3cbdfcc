/** The one document of this process, made when it is first asked for: most gateways never are. */
import { buildDocument } from '@xerotier/public-api/openapi';
import type { OpenapiDocument } from '@xerotier/public-api/openapi';
import { operations } from '@xerotier/public-api/operations';

let built: OpenapiDocument | undefined;
let text: string | undefined;

export function openapiDocument(): OpenapiDocument {
  return (built ??= buildDocument(operations));
}

export function openapiText(): string {
  return (text ??= JSON.stringify(openapiDocument()));
}
