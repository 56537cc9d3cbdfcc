import type { ModelVersion, UploadedModel } from '@xerotier/contracts/router';
import type { ModelVersionEntity } from './model-version.entity.ts';
import type { UploadedModelEntity } from './uploaded-model.entity.ts';

const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1_000);

/** A version as other services see it. */
export function versionRecordOf(row: ModelVersionEntity): ModelVersion {
  const { id, modelId, version, isLatest, notes, fileCount, contextTokens, shape } = row;
  return {
    ...{ id, modelId, version, isLatest, bytes: Number(row.bytes), fileCount },
    ...(notes !== null && { notes }),
    facts: {
      ...{ format: row.format, architecture: row.architecture, quantization: row.quantization },
      ...(contextTokens !== null && { contextLength: Number(contextTokens) }),
      parameterCount: Number(row.parameterCount),
      ...(shape !== null && { shape }),
    },
    createdAt: secondsOf(row.createdAt),
  };
}

/** A model as a project sees it. */
export function modelRecordOf(
  row: UploadedModelEntity,
  latest: ModelVersionEntity,
  viewerProjectId: string,
): UploadedModel {
  const { id, name, role, description, license, tags, workloadTypes, sharedAt } = row;
  return {
    ...{ id, name, isOwn: row.projectId === viewerProjectId, role, tags, workloadTypes },
    ...(description !== null && { description }),
    ...(license !== null && { license }),
    latest: versionRecordOf(latest),
    createdAt: secondsOf(row.createdAt),
    ...(sharedAt !== null && { sharedAt: secondsOf(sharedAt) }),
  };
}
