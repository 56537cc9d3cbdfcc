/** docs/generated/openapi.json: the document that the gateway serves as `/openapi.json`. */
import { permissionRequirements } from '@xerotier/contracts/auth';
import { buildDocument } from '@xerotier/public-api/openapi';
import { operations } from '@xerotier/public-api/operations';

export function openapiDocument(): string {
  return `${JSON.stringify(buildDocument(operations, permissionRequirements), null, 2)}\n`;
}
