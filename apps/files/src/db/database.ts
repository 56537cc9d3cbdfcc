import { DataKeyEntity } from '@xerotier/data-keys';
import type { DatabaseDefinition } from '@xerotier/db';
import { IdempotencyKey } from '@xerotier/idempotency';
import { Blob } from '../blobs/blob.entity.ts';
import { FileSegment } from '../files/file-segment.entity.ts';
import { File } from '../files/file.entity.ts';
import { ModelFile } from '../models/model-file.entity.ts';
import { ProjectStorage } from '../storage/project-storage.entity.ts';
import { ModelUpload } from '../uploads/model-upload.entity.ts';
import { UploadPart } from '../uploads/upload-part.entity.ts';
import { Upload } from '../uploads/upload.entity.ts';
import { CreateFiles1796400000000 } from './migrations/1796400000000-create-files.ts';
import { IndexEndedUploads1796420000000 } from './migrations/1796420000000-index-ended-uploads.ts';
import { AddModelUploads1796420000001 } from './migrations/1796420000001-add-model-uploads.ts';

/** The database schema of the files service. */
export const database: DatabaseDefinition = {
  schema: 'files',
  entities: [
    DataKeyEntity,
    IdempotencyKey,
    ProjectStorage,
    Blob,
    File,
    FileSegment,
    Upload,
    UploadPart,
    ModelUpload,
    ModelFile,
  ],
  migrations: [CreateFiles1796400000000, IndexEndedUploads1796420000000, AddModelUploads1796420000001],
};
