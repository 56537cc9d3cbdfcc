/** Encodes audio and image requests as multipart forms for OpenAI-compatible servers. */
import { FormData } from 'undici';
import type { MediaJob } from '../engine.ts';

/** Lists become fields with `[]`, and objects fields with each key in brackets. Several files of one field are a list. */
export function formOf(fields: Readonly<Record<string, unknown>>, files: MediaJob['files']): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) append(form, name, value);
  for (const { field, name, contentType, data } of files) {
    const isListed = files.filter((file) => file.field === field).length > 1;
    form.append(isListed ? `${field}[]` : field, new Blob([data], { type: contentType }), name);
  }
  return form;
}

function append(form: FormData, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) for (const entry of value) append(form, `${name}[]`, entry);
  else if (typeof value === 'object')
    for (const [key, part] of Object.entries(value)) append(form, `${name}[${key}]`, part);
  else form.append(name, typeof value === 'string' ? value : JSON.stringify(value));
}
