import { PUBLIC_ROUTE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { welcome } from './response.ts';

const common = { method: 'get', permission: null, tag: 'Reference', errors: PUBLIC_ROUTE_ERRORS } as const;

export const getWelcome = defineOperation({
  ...common,
  operationId: 'getWelcome',
  path: '/',
  summary: 'Get the base URLs and the version',
  response: welcome,
});

export const getOpenapiDocument = defineOperation({
  ...common,
  operationId: 'getOpenapiDocument',
  path: '/openapi.json',
  summary: 'Get this document',
  rawResponse: ['application/json'],
});

export const getReferencePage = defineOperation({
  ...common,
  operationId: 'getReferencePage',
  path: '/docs',
  summary: 'Get this document as a page',
  rawResponse: ['text/html'],
});

export const getReferencePageScript = defineOperation({
  ...common,
  operationId: 'getReferencePageScript',
  path: '/docs/redoc.standalone.js',
  summary: 'Get the script of the page',
  rawResponse: ['text/javascript'],
});

/** In the order of the reference. */
export const referenceOperations = [getWelcome, getOpenapiDocument, getReferencePage, getReferencePageScript] as const;
