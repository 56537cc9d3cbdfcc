/** Files and uploads, for the contract suite. */
import type { Operation } from './contract-operations.ts';
import { asOwner } from './team-operations.ts';
import type { Prepare, Prepared } from './team-operations.ts';

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

const UPLOADS = '/{project}/v1/uploads';
const newUpload = { filename: 'a.jsonl', purpose: 'batch', bytes: 4, mime_type: 'application/jsonl' };
const newModel = {
  ...{ filename: 'tiny.tar.gz', purpose: 'model', bytes: 4, mime_type: 'application/gzip' },
  model: { name: 'acme/tiny', version: '1.0.0', version_notes: 'The first one', promote: false },
};
const uploadSetup = { route: `POST ${UPLOADS}`, body: newUpload };

function partForm(content = 'abc\n', sha256?: string): FormData {
  const form = new FormData();
  if (sha256 !== undefined) form.append('sha256', sha256);
  form.append('data', new File([content], 'part'));
  return form;
}

/** What the requests before an operation with an API key have led to. */
interface PreparedWithKey extends Prepared {
  readonly key: string;
  /** Creates an object with the key, and returns its id. */
  readonly send: (path: string, body: object) => Promise<string>;
}

/** A project with a key. */
export async function withKey(...platform: Parameters<Prepare>): Promise<PreparedWithKey> {
  const prepared = await asOwner(...platform);
  const [baseUrl] = platform;
  const path = `/${prepared.values['own']}/v1`;
  const created = await prepared.user.send('POST', `${path}/management/api-keys`, { name: 'a key' });
  const { key } = (await created.json()) as { key: string };
  const send = async (to: string, body: object): Promise<string> => {
    const isForm = body instanceof FormData;
    const headers = { authorization: `Bearer ${key}`, ...(!isForm && { 'content-type': 'application/json' }) };
    const options = { method: 'POST', headers, body: isForm ? body : JSON.stringify(body) };
    return ((await (await fetch(`${baseUrl}${path}${to}`, options)).json()) as { id: string }).id;
  };
  return { ...prepared, key, send };
}

/** An upload with one part. */
const withPart: Prepare = async (...platform) => {
  const { user, key, send, values } = await withKey(...platform);
  const id = await send('/uploads', newUpload);
  return { user, key, values: { ...values, id, part: await send(`/uploads/${id}/parts`, partForm()) } };
};

export function uploadOperations(): Operation[] {
  return [
    { name: 'an upload', ...uploadSetup, schema: 'Upload' },
    { name: 'an upload of a model', route: `POST ${UPLOADS}`, body: newModel, schema: 'Upload' },
    {
      name: 'an upload of the files of a model',
      route: `POST ${UPLOADS}`,
      body: { ...newModel, files: [{ path: 'a.gguf', bytes: 4, sha256: '0'.repeat(64) }] },
      schema: 'Upload',
    },
    { name: 'an upload by its id', route: `GET ${UPLOADS}/{id}`, setup: uploadSetup, schema: 'Upload' },
    {
      name: 'a part of an upload',
      route: `POST ${UPLOADS}/{id}/parts`,
      setup: uploadSetup,
      body: partForm(),
      schema: 'UploadPart',
    },
    {
      name: 'a part with its SHA-256',
      route: `POST ${UPLOADS}/{id}/parts`,
      setup: uploadSetup,
      body: partForm('abc\n', 'edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb'),
      schema: 'UploadPart',
    },
    { name: 'parts of an upload', route: `GET ${UPLOADS}/{id}/parts`, setup: uploadSetup },
    ...['/{own}', ''].map((base) => ({
      name: `completion of an upload at ${base}/v1`,
      route: `POST ${base}/v1/uploads/{id}/complete`,
      prepare: withPart,
      body: { part_ids: ['{part}'] },
      schema: 'Upload' as const,
    })),
    { name: 'cancellation of an upload', route: `POST ${UPLOADS}/{id}/cancel`, setup: uploadSetup, schema: 'Upload' },
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
  {
    name: 'an upload without a size',
    route: `POST ${UPLOADS}`,
    body: { ...newUpload, bytes: 0 },
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'an upload of a pickle',
    route: `POST ${UPLOADS}`,
    body: { ...newModel, files: [{ path: 'model.pt', bytes: 4 }] },
    status: 400,
    code: 'invalid_model',
  },
  { name: 'an unknown upload', route: `GET ${UPLOADS}/upload_none`, status: 404, code: 'upload_not_found' },
  {
    name: 'a part of an unknown upload',
    route: `POST ${UPLOADS}/upload_none/parts`,
    body: partForm(),
    status: 404,
    code: 'upload_not_found',
  },
  {
    name: 'a part with the SHA-256 of another',
    route: `POST ${UPLOADS}/{id}/parts`,
    setup: uploadSetup,
    body: partForm('abc\n', '0'.repeat(64)),
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'completion of an upload without its parts',
    route: `POST ${UPLOADS}/{id}/complete`,
    setup: uploadSetup,
    body: { part_ids: ['part_none'] },
    status: 400,
    code: 'invalid_request',
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
