import { Module } from '@nestjs/common';
import { batchEndpointsContract, batchLinesContract } from '@xerotier/contracts/gateway';
import { BusModule } from '@xerotier/service-host';
import { RedisModule } from '@xerotier/service-host/redis';
import { AccessModule } from './access/access.module.ts';
import { AccountsModule } from './accounts/accounts.module.ts';
import { AdministrationModule } from './administration/administration.module.ts';
import { BatchesModule } from './batches/batches.module.ts';
import { BatchLinesModule } from './batch-lines/batch-lines.module.ts';
import { ChatCompletionsModule } from './chat-completions/chat-completions.module.ts';
import { ConversationsModule } from './conversations/conversations.module.ts';
import { EmbeddingsModule } from './embeddings/embeddings.module.ts';
import { FilesModule } from './files/files.module.ts';
import { ManagementModule } from './management/management.module.ts';
import { MediaModule } from './media/media.module.ts';
import { ModelPreflightModule } from './model-preflight/model-preflight.module.ts';
import { ModelsModule } from './models/models.module.ts';
import { ReferenceModule } from './openapi/reference.module.ts';
import { ResponseSocketsModule } from './response-sockets/response-sockets.module.ts';
import { ResponsesModule } from './responses/responses.module.ts';
import { RequestsDrainModule } from './requests/requests-drain.module.ts';
import { RerankModule } from './rerank/rerank.module.ts';
import { StoredCompletionsModule } from './stored-completions/stored-completions.module.ts';
import { UploadsModule } from './uploads/uploads.module.ts';
import { UsageModule } from './usage/usage.module.ts';

@Module({
  imports: [
    BusModule.forRoot({ serves: [batchLinesContract, batchEndpointsContract] }),
    RedisModule.forRoot(),
    AccessModule,
    ChatCompletionsModule,
    BatchLinesModule,
    StoredCompletionsModule,
    ResponsesModule,
    ResponseSocketsModule,
    ConversationsModule,
    EmbeddingsModule,
    RerankModule,
    MediaModule,
    FilesModule,
    UploadsModule,
    ModelPreflightModule,
    BatchesModule,
    ModelsModule,
    ManagementModule,
    UsageModule,
    AccountsModule,
    AdministrationModule,
    ReferenceModule,
    RequestsDrainModule,
  ],
})
export class AppModule {}
