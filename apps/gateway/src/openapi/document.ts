/** The OpenAPI document of this process, built on the first request, since most gateways never serve it. */
import { permissionRequirements } from '@xerotier/contracts/auth';
import { buildDocument } from '@xerotier/public-api/openapi';
import type { OpenapiDocument } from '@xerotier/public-api/openapi';
import { operations } from '@xerotier/public-api/operations';

let built: OpenapiDocument | undefined;
let text: string | undefined;

export function openapiDocument(): OpenapiDocument {
  return (built ??= buildDocument(operations, permissionRequirements));
}

export function openapiText(): string {
  return (text ??= JSON.stringify(openapiDocument()));
}
