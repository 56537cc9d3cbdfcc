/**
 * The body of `POST /v1/images/generations`, and the form fields of `/v1/images/edits` and `/v1/images/variations`, with the
 * bounds of the OpenAI specification, and our own bounds where it has none. Files are not fields. As specified, `model` is
 * optional.
 */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { formBoolean, formNumber } from '../fields/form-values.ts';

const IMAGES_MAX = 10;
const PARTIAL_IMAGES_MAX = 3;

const model = z.string().min(1).max(256);
const prompt = z.string().min(1).max(32_000);
const size = z
  .string()
  .regex(/^(?:auto|[1-9]\d{1,3}x[1-9]\d{1,3})$/, "must be 'auto', or a width and a height, such as '1024x1024'");
const responseFormat = z.enum(['url', 'b64_json']);
const outputFormat = z.enum(['png', 'jpeg', 'webp']);
const background = z.enum(['transparent', 'opaque', 'auto']);
const user = z.string().max(512);

const count = z.number().int().min(1).max(IMAGES_MAX);
const compression = z.number().int().min(0).max(100);
const partialImages = z.number().int().min(0).max(PARTIAL_IMAGES_MAX);

export const imageGenerationRequest = z
  .object({
    model: model.nullish(),
    prompt,
    n: count.nullish(),
    size: size.nullish(),
    quality: z.enum(['standard', 'hd', 'low', 'medium', 'high', 'auto']).nullish(),
    response_format: responseFormat.nullish(),
    output_format: outputFormat.nullish(),
    output_compression: compression.nullish(),
    background: background.nullish(),
    moderation: z.enum(['low', 'auto']).nullish(),
    style: z.enum(['vivid', 'natural']).nullish(),
    stream: z.boolean().nullish(),
    partial_images: partialImages.nullish(),
    user: user.nullish(),
  })
  .register(components, { id: 'CreateImageRequest' });

export const imageEditRequest = z
  .object({
    model: model.optional(),
    prompt,
    n: formNumber(count).optional(),
    size: size.optional(),
    quality: z.enum(['standard', 'low', 'medium', 'high', 'auto']).optional(),
    response_format: responseFormat.optional(),
    output_format: outputFormat.optional(),
    output_compression: formNumber(compression).optional(),
    background: background.optional(),
    input_fidelity: z.enum(['high', 'low']).optional(),
    stream: formBoolean.optional(),
    partial_images: formNumber(partialImages).optional(),
    user: user.optional(),
  })
  .register(components, { id: 'CreateImageEditRequest' });

export const imageVariationRequest = z
  .object({
    model: model.optional(),
    n: formNumber(count).optional(),
    size: z.enum(['256x256', '512x512', '1024x1024']).optional(),
    response_format: responseFormat.optional(),
    user: user.optional(),
  })
  .register(components, { id: 'CreateImageVariationRequest' });
