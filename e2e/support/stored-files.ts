/** What the files service has in its folder and its tables, and whether they agree. */
import { eventually } from '@xerotier/testing';
import { readdir, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import pg from 'pg';

/** What must not be there, each list empty if nothing is. */
export interface StorageFindings {
  /** Objects without a row of a stored blob. */
  readonly orphanObjects: string[];
  /** Files of writes that have not ended. */
  readonly unfinished: string[];
  /** Stored blobs without an object. */
  readonly missingObjects: string[];
  /** Blobs that are being written or removed. */
  readonly unfinishedRows: string[];
  /** Stored blobs that belong to neither a file nor a part. */
  readonly orphanRows: string[];
  /** Projects whose used storage is not the sum of their blobs. */
  readonly misaccounted: string[];
}

export class StoredFiles {
  readonly #databaseUrl: string;
  readonly #folder: string;

  /** @param folder `FILES_DIRECTORY`. */
  constructor(databaseUrl: string, folder: string) {
    this.#databaseUrl = databaseUrl;
    this.#folder = folder;
  }

  /** Makes everything old enough for the reconciler, which leaves alone what somebody may still be writing. */
  async age(): Promise<void> {
    await this.#query(`UPDATE files.blob SET touched_at = now() - interval '1 day' WHERE state <> 'stored'`);
    const dayAgo = new Date(Date.now() - 24 * 60 * 60_000);
    for (const path of await filesBelow(this.#folder)) await utimes(path, dayAgo, dayAgo);
  }

  /** Waits until nothing is found, and returns what is found in the end. */
  async settled(): Promise<StorageFindings> {
    await eventually('the reconciler has run', async () =>
      Object.values(await this.findings()).every((found: string[]) => found.length === 0),
    ).catch(() => undefined);
    return this.findings();
  }

  async findings(): Promise<StorageFindings> {
    const objects = (await filesBelow(join(this.#folder, 'objects'))).map((path) =>
      relative(join(this.#folder, 'objects'), path),
    );
    const blobs = await this.#query<{ key: string; state: string; used: boolean }>(
      `SELECT project_id || '/' || id AS key, state,
         EXISTS (SELECT FROM files.file_segment s WHERE s.project_id = b.project_id AND s.blob_id = b.id)
           OR EXISTS (SELECT FROM files.upload_part p WHERE p.project_id = b.project_id AND p.blob_id = b.id) AS used
       FROM files.blob b`,
    );
    const misaccounted = await this.#query<{ project: string }>(
      `SELECT project_id AS project FROM files.project_storage s
       WHERE bytes <> (SELECT coalesce(sum(charged_bytes), 0) FROM files.blob b WHERE b.project_id = s.project_id)`,
    );
    const stored = new Map(blobs.filter(({ state }) => state === 'stored').map((blob) => [blob.key, blob]));
    return {
      orphanObjects: objects.filter((key) => !stored.has(key)),
      unfinished: await filesBelow(join(this.#folder, 'incoming')),
      missingObjects: [...stored.keys()].filter((key) => !objects.includes(key)),
      unfinishedRows: blobs.filter(({ state }) => state !== 'stored').map(({ key, state }) => `${key} ${state}`),
      orphanRows: [...stored.values()].filter(({ used }) => !used).map(({ key }) => key),
      misaccounted: misaccounted.map(({ project }) => project),
    };
  }

  async #query<R extends object>(text: string): Promise<R[]> {
    const client = new pg.Client({ connectionString: this.#databaseUrl });
    await client.connect();
    try {
      return (await client.query<R>(text)).rows;
    } finally {
      await client.end();
    }
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
