export { getOpenapiDocument, getReferencePage, getWelcome } from './reference.api.ts';
export { welcome } from './response.ts';
