export { getOpenapiDocument, getReferencePage, getReferencePageScript, getWelcome } from './reference.api.ts';
export { welcome } from './response.ts';
