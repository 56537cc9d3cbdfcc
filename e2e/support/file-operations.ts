/** Files and uploads, for the contract suite. */
import type { Operation } from './contract-operations.ts';

const FILES = '/{project}/v1/files';

export function fileForm(fields: Readonly<Record<string, string>> = {}, content = '{"a":1}\n'): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ purpose: 'batch', ...fields })) form.append(name, value);
  form.append('file', new File([content], 'größer.jsonl'));
  return form;
}

const setup = { route: `POST ${FILES}`, body: fileForm({ relative_path: 'a/b.jsonl' }) };

export function fileOperations(): Operation[] {
  return [
    { name: 'a file', route: `POST ${FILES}`, body: fileForm(), schema: 'OpenAIFile' },
    {
      name: 'a file with a path that does not expire',
      route: `POST ${FILES}`,
      body: fileForm({ purpose: 'user_data', relative_path: 'corpus/a.jsonl' }),
      schema: 'OpenAIFile',
    },
    { name: 'files', route: `GET ${FILES}`, setup, schema: 'ListFilesResponse' },
    {
      name: 'a page of files',
      route: `GET ${FILES}?limit=1&purpose=batch&prefix=a/`,
      setup,
      schema: 'ListFilesResponse',
    },
    { name: 'an empty page of files', route: `GET ${FILES}?prefix=nothing`, schema: 'ListFilesResponse' },
    { name: 'a file by its id', route: `GET ${FILES}/{id}`, setup, schema: 'OpenAIFile' },
    { name: 'the content of a file', route: `GET ${FILES}/{id}/content`, setup, mediaType: 'application/octet-stream' },
    {
      name: 'a range of the content of a file',
      route: `GET ${FILES}/{id}/content`,
      setup,
      headers: { range: 'bytes=1-3' },
      status: 206,
      mediaType: 'application/octet-stream',
    },
    { name: 'deletion of a file', route: `DELETE ${FILES}/{id}`, setup, schema: 'DeleteFileResponse' },
  ];
}

export const fileErrors: readonly Operation[] = [
  {
    name: 'an unknown purpose of a file',
    route: `POST ${FILES}`,
    body: fileForm({ purpose: 'nothing' }),
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'a file as JSON',
    route: `POST ${FILES}`,
    body: { purpose: 'batch' },
    status: 415,
    code: 'unsupported_media_type',
  },
  { name: 'an unknown file', route: `GET ${FILES}/file-none`, status: 404, code: 'file_not_found' },
  {
    name: 'the content of an unknown file',
    route: `GET ${FILES}/file-none/content`,
    status: 404,
    code: 'file_not_found',
  },
  { name: 'deletion of an unknown file', route: `DELETE ${FILES}/file-none`, status: 404, code: 'file_not_found' },
  {
    name: 'a range behind the end of a file',
    route: `GET ${FILES}/{id}/content`,
    setup,
    headers: { range: 'bytes=1000-' },
    status: 416,
    code: 'range_not_satisfiable',
  },
];
