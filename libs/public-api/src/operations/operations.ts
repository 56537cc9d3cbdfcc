/** All operations of the public API, in the order of the reference. The gateway does not start if one has no controller. */
import { accountsOperations } from '../accounts/accounts.api.ts';
import { administrationOperations } from '../administration/administration.api.ts';
import { tiersAdministrationOperations } from '../administration/tiers-administration.api.ts';
import { apiKeysOperations } from '../api-keys/api-keys.api.ts';
import { audioOperations } from '../audio/audio.api.ts';
import { auditLogOperations } from '../audit-log/audit-log.api.ts';
import { batchesOperations } from '../batches/batches.api.ts';
import { budgetsOperations } from '../budgets/budgets.api.ts';
import { chatCompletionsOperations } from '../chat-completions/chat-completions.api.ts';
import { conversationsOperations } from '../conversations/conversations.api.ts';
import { embeddingsOperations } from '../embeddings/embeddings.api.ts';
import { endpointsOperations } from '../endpoints/endpoints.api.ts';
import { filesOperations } from '../files/files.api.ts';
import { identitiesOperations } from '../identities/identities.api.ts';
import { imagesOperations } from '../images/images.api.ts';
import { invitationsOperations } from '../invitations/invitations.api.ts';
import { membersOperations } from '../members/members.api.ts';
import { modelCatalogueOperations } from '../model-catalogue/model-catalogue.api.ts';
import { modelPreflightOperations } from '../model-preflight/model-preflight.api.ts';
import { modelsOperations } from '../models/models.api.ts';
import { projectsOperations } from '../projects/projects.api.ts';
import { referenceOperations } from '../reference/reference.api.ts';
import { rerankingOperations } from '../reranking/reranking.api.ts';
import { responsesOperations } from '../responses/responses.api.ts';
import { secondFactorOperations } from '../second-factor/second-factor.api.ts';
import { spendCapOperations } from '../spend-cap/spend-cap.api.ts';
import { storedCompletionsOperations } from '../stored-completions/stored-completions.api.ts';
import { uploadsOperations } from '../uploads/uploads.api.ts';
import { usageOperations } from '../usage/usage.api.ts';
import type { OperationDefinition } from '../operation/define-operation.ts';

export const operations: readonly OperationDefinition[] = [
  ...chatCompletionsOperations,
  ...storedCompletionsOperations,
  ...responsesOperations,
  ...conversationsOperations,
  ...embeddingsOperations,
  ...rerankingOperations,
  ...audioOperations,
  ...imagesOperations,
  ...filesOperations,
  ...uploadsOperations,
  ...modelPreflightOperations,
  ...batchesOperations,
  ...modelsOperations,
  ...endpointsOperations,
  ...modelCatalogueOperations,
  ...apiKeysOperations,
  ...auditLogOperations,
  ...usageOperations,
  ...projectsOperations,
  ...spendCapOperations,
  ...membersOperations,
  ...invitationsOperations,
  ...budgetsOperations,
  ...accountsOperations,
  ...tiersAdministrationOperations,
  ...administrationOperations,
  ...secondFactorOperations,
  ...identitiesOperations,
  ...referenceOperations,
];
