/**
 * Reads docker-compose.yml: variables are interpolated, and the file must be valid by the Compose specification's
 * schema and use the one form of each field that this project uses, so that checks need not handle the others.
 */
import { parse } from 'yaml';
import { z } from 'zod';
import { schemaProblems } from './compose-schema.ts';
import { interpolate } from './interpolate.ts';
import type { Reference } from './interpolate.ts';

const command = z.array(z.string()).optional();

const service = z.looseObject({
  image: z.string().default(''),
  build: z
    .object({ context: z.literal('.'), dockerfile: z.literal('deploy/Dockerfile'), target: z.string() })
    .optional(),
  entrypoint: command,
  command,
  environment: z.record(z.string(), z.string()).default({}),
  ports: z
    .array(z.string().regex(/^[\d.]+:\d+:\d+$/, 'must be address:port:port, or it is open to everybody'))
    .default([]),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  profiles: z.array(z.string()).default([]),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  restart: z.string().optional(),
  stop_grace_period: z.string().default('10s'),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  logging: z.looseObject({ options: z.record(z.string(), z.unknown()) }).optional(),
  deploy: z
    .object({
      resources: z.looseObject({
        limits: z.looseObject({ memory: z.string().optional(), pids: z.number().optional() }).optional(),
        reservations: z.looseObject({ devices: z.array(z.unknown()) }).optional(),
      }),
    })
    .optional(),
});

const composeFile = z.looseObject({ services: z.record(z.string(), service) });

export type ComposeService = z.output<typeof service>;

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  /** All uses of variables, including those in defaults. */
  readonly references: readonly Reference[];
  /** Errors of `docker compose` or of these checks. If there are any, `services` is empty. */
  readonly problems: readonly string[];
}

/** @throws {Error} when the text is not YAML. */
export function readComposeFile(text: string, env: Readonly<Record<string, string>>): ComposeFile {
  const references: Reference[] = [];
  const problems = new Set<string>();
  const replaced = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replaced);
    if (value !== null && typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item)]));
    if (typeof value !== 'string') return value;
    try {
      return interpolate(value, env, (reference) => references.push(reference));
    } catch (error) {
      problems.add((error as Error).message);
      return value;
    }
  };
  const document = replaced(parse(text, { merge: true, uniqueKeys: true }));
  for (const problem of schemaProblems(document)) problems.add(problem);
  const { data, error } = composeFile.safeParse(document);
  // The messages of the schema are clearer.
  if (error !== undefined && problems.size === 0)
    for (const { path, message } of error.issues) problems.add(`${path.join('.')}: ${message}`);
  return { services: problems.size === 0 ? (data?.services ?? {}) : {}, references, problems: [...problems] };
}
