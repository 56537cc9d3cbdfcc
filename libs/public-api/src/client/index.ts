export { ApiError } from './api-error.ts';
export { createClient } from './client.ts';
export type { Client, ClientOptions, Input } from './client.ts';
