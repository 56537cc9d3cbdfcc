export { generateApiKey, hashApiKey, hasValidChecksum, isKeyOfProject } from './api-key.ts';
