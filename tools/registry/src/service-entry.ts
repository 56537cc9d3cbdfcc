/** The metadata of an app in its `project.json`: the schema, and the rules within one entry. */
import { z } from 'zod';

/** The servers that a service may need, with the setting for the URL of each. */
export const SERVER_VARIABLES = { nats: 'NATS_URL', postgres: 'DATABASE_URL', redis: 'REDIS_URL' } as const;
export type ServerName = keyof typeof SERVER_VARIABLES;

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and -');
const variable = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of an environment variable');
const port = z.number().int().min(1).max(65_535);

const deployment = z
  .strictObject({
    /** A worker runs an engine, with one process per model; a service has one process by default. */
    kind: z.enum(['service', 'worker']),
    needs: z.array(z.enum(['nats', 'postgres', 'redis'])),
    /** Database schema that the service owns. */
    schema: z
      .string()
      .regex(/^[a-z][a-z0-9_]*$/, 'must be the name of a PostgreSQL schema')
      .optional(),
    /** Settings with a secret of the installation: 32 random bytes, generated once and kept with the data. */
    secrets: z.array(variable).default([]),
    /** Required settings that only the operator knows, such as a worker's model. */
    settings: z.array(variable).default([]),
    /** Subcommands of its main file. */
    commands: z.array(z.enum(['migrate', 'seed'])).default([]),
    /** Ports inside a container. */
    ports: z.strictObject({ health: port, http: port.optional() }),
    /** Target in deploy/Dockerfile. */
    image: name,
  })
  .superRefine(({ needs, schema, commands, kind }, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (new Set(needs).size < needs.length) problem('needs', 'must name each server once');
    if (!needs.includes('nats')) problem('needs', 'must include nats: services communicate over the bus');
    if (needs.includes('postgres') !== (schema !== undefined))
      problem('schema', 'must be given exactly when needs includes postgres');
    if (commands.includes('migrate') !== (schema !== undefined))
      problem('commands', 'must include migrate exactly when there is a schema');
    if (kind === 'worker' && schema !== undefined)
      problem('schema', 'must not be given for a worker: it has no database');
  });

/** The part of an app's project.json that the platform reads. */
export const projectFile = z.object({
  name,
  metadata: z.object({
    /** What the service owns, for tables in the documentation. */
    description: z.string().min(1),
    xerotier: deployment,
  }),
});

export type ServiceEntry = z.output<typeof deployment> & {
  /** Also the folder below `apps/` and the tag `scope:<name>`. */
  readonly name: string;
  readonly description: string;
};
