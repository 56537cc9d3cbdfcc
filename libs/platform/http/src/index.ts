export { ChunkedBody } from './chunked-body.ts';
export { FormBody, formOf } from './form-body.ts';
export type { FormFile } from './form-body.ts';
export { createHttpApp } from './http-app.ts';
export type { HttpApp, HttpAppOptions } from './http-app.ts';
export { replyWithError, writeError } from './error-reply.ts';
export { parseJsonBody } from './json-body.ts';
export type { RouteEntry } from './route-table.ts';
export { RouteTable } from './route-table.ts';
