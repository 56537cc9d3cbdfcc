import type { CatalogueModel, ModelVersion, UploadedModel } from '@xerotier/contracts/router';
import type { getCatalogueModel, promoteModelVersion } from '@xerotier/public-api/model-catalogue';
import type { ResponseOf } from '@xerotier/public-api/operation';

export type PublicCatalogueModel = ResponseOf<typeof getCatalogueModel>;

/** A model of the catalogue as clients receive it. */
export function publicCatalogueModelOf({ upload, ...model }: CatalogueModel): PublicCatalogueModel {
  const latest = upload?.latest;
  const facts = latest?.facts;
  return {
    ...{ id: model.id, object: 'model', created: model.createdAt, owned_by: model.ownedBy, name: model.name },
    source: upload === undefined ? 'platform' : upload.isOwn ? 'project' : 'shared',
    context_tokens: model.contextTokens ?? null,
    role: upload?.role ?? null,
    shared: upload !== undefined && upload.role !== 'private',
    shared_at: upload?.sharedAt ?? null,
    format: facts?.format ?? null,
    bytes: latest?.bytes ?? null,
    // A version is registered when its files are stored and checked.
    status: latest === undefined ? null : 'ready',
    version: latest?.version ?? null,
    architecture: facts?.architecture ?? null,
    quantization: facts?.quantization ?? null,
    parameters: facts?.parameterCount ?? null,
    description: upload?.description ?? null,
    license: upload?.license ?? null,
    tags: upload?.tags ?? [],
    workload_types: upload?.workloadTypes ?? [],
  };
}

/** An uploaded model, without its entry of the catalogue. */
export function publicUploadOf(upload: UploadedModel): PublicCatalogueModel {
  const { id, name, createdAt, latest } = upload;
  const { contextLength } = latest.facts;
  const known = contextLength !== undefined && { contextTokens: contextLength };
  return publicCatalogueModelOf({ id, name, ownedBy: 'project', createdAt, ...known, upload });
}

export function publicVersionOf(version: ModelVersion): ResponseOf<typeof promoteModelVersion> {
  const { id, isLatest, createdAt, notes = null } = version;
  return {
    ...{ id, object: 'model.version', version: version.version, is_latest: isLatest },
    ...{ created: createdAt, version_notes: notes, status: 'ready' },
  };
}
