/** Answers chat completion requests: names the endpoint's model, runs the inference, and writes what comes. */
import { Injectable } from '@nestjs/common';
import type { Access, ChatCompletionRequest, EndpointAccess } from '@xerotier/contracts';
import { InferenceClient } from '@xerotier/inference';
import type { ServerResponse } from 'node:http';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { ChatEnvelope } from './chat-envelope.ts';
import { StreamedAnswer } from './streamed-answer.ts';
import { WholeAnswer } from './whole-answer.ts';

@Injectable()
export class ChatCompletionsService {
  constructor(
    private readonly inference: InferenceClient,
    private readonly models: ModelDirectory,
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
    const envelope = new ChatEnvelope(
      {
        id: `chatcmpl-${requestId.slice(requestId.indexOf('_') + 1)}`,
        createdSeconds: Math.floor(Date.now() / 1_000),
        model: model?.name ?? endpoint.modelId,
        tier: endpoint.tier,
      },
      chat.stream_options?.include_usage === true,
    );
    const answer = chat.stream === true ? new StreamedAnswer(response, envelope) : new WholeAnswer(response, envelope);
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
      answer,
    );
    answer.attach(run);
    // The client may have left while the model was looked up.
    if (response.destroyed) run.cancel();
  }
}
