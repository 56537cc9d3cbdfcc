/** Answers chat completion requests: names the endpoint's model, runs the inference, and writes what comes, stored first when asked for. */
import { Injectable } from '@nestjs/common';
import type { Access, ChatCompletionRequest, EndpointAccess } from '@xerotier/contracts';
import { InferenceClient } from '@xerotier/inference';
import type { ServerResponse } from 'node:http';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { storedCompletionOf } from '../stored-completions/stored-completion.ts';
import { StoredCompletionsService } from '../stored-completions/stored-completions.service.ts';
import { StoringAnswer } from '../stored-completions/storing-answer.ts';
import { ChatEnvelope } from './chat-envelope.ts';
import { StreamedAnswer } from './streamed-answer.ts';
import { WholeAnswer } from './whole-answer.ts';

@Injectable()
export class ChatCompletionsService {
  constructor(
    private readonly inference: InferenceClient,
    private readonly models: ModelDirectory,
    private readonly stored: StoredCompletionsService,
  ) {}

  /** Begins the answer; it is written to the response as it comes, errors included. */
  async answer(
    requestId: string,
    access: Access,
    endpoint: EndpointAccess,
    chat: ChatCompletionRequest,
    response: ServerResponse,
  ): Promise<void> {
    const model = await this.models.get(endpoint.modelId);
    const createdAt = Date.now();
    const fields = {
      id: `chatcmpl-${requestId.slice(requestId.indexOf('_') + 1)}`,
      createdSeconds: Math.floor(createdAt / 1_000),
      model: model?.name ?? endpoint.modelId,
      tier: endpoint.tier,
    };
    const envelope = new ChatEnvelope(fields, chat.stream_options?.include_usage === true);
    const answer = chat.stream === true ? new StreamedAnswer(response, envelope) : new WholeAnswer(response, envelope);
    const sink =
      chat.store === true
        ? new StoringAnswer(answer, chat.stream === true, (collected) =>
            this.stored.save({
              projectId: access.project.id,
              endpointId: endpoint.id,
              createdAt,
              completion: storedCompletionOf(fields, requestId, chat, collected),
              messages: chat.messages,
            }),
          )
        : answer;
    const run = this.inference.run(
      {
        requestId,
        projectId: access.project.id,
        endpointId: endpoint.id,
        keyId: access.keyId,
        tier: endpoint.tier,
        modelId: endpoint.modelId,
        priority: 'interactive',
        chat,
      },
      sink,
    );
    answer.attach(run);
    // The client may have left while the model was looked up.
    if (response.destroyed) run.cancel();
  }
}
