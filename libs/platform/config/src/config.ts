/**
 * Settings come from environment variables, read once, before anything else starts. Each service declares its settings
 * as a nested object of `setting(...)`s; code receives the parsed object and never reads the environment. The same
 * declarations generate the reference page (docs/generated/configuration.md).
 */
import { z } from 'zod';

export interface Setting<T extends z.ZodType = z.ZodType> {
  readonly variable: string;
  readonly schema: T;
  /** One or two sentences for the operator: what it is, its unit, when to change it. */
  readonly about: string;
  /** Never printed, and has no default. */
  readonly secret: boolean;
}

export interface SettingsTree {
  readonly [name: string]: Setting | SettingsTree;
}

export type ConfigOf<T extends SettingsTree> = {
  readonly [K in keyof T]: T[K] extends Setting<infer S>
    ? z.output<S>
    : T[K] extends SettingsTree
      ? ConfigOf<T[K]>
      : never;
};

/** One setting, read from one environment variable. The schema receives text; defaults are part of the schema. */
export function setting<T extends z.ZodType>(variable: string, schema: T, about: string): Setting<T> {
  return { variable, schema, about, secret: false };
}

export function secret<T extends z.ZodType>(variable: string, schema: T, about: string): Setting<T> {
  return { variable, schema, about, secret: true };
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads a settings tree from the environment (default: of this process).
 * @throws {ConfigError} listing every missing or invalid variable with the expected value. Values of secrets are not
 * included.
 */
export function loadConfig<T extends SettingsTree>(tree: T, env: NodeJS.ProcessEnv = process.env): ConfigOf<T> {
  const problems: string[] = [];
  const config = parseTree(tree, env, problems);
  if (problems.length > 0) {
    throw new ConfigError(
      `Invalid configuration:\n${problems.map((line) => `  - ${line}`).join('\n')}\nEvery setting is described in docs/generated/configuration.md.`,
    );
  }
  return config as ConfigOf<T>;
}

/**
 * Returns the variables that are passed on to a program that this process starts: those whose names match. Everything else,
 * such as the addresses and secrets of this process, must not reach it.
 */
export function inheritedVariables(names: RegExp, env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined && names.test(name)) inherited[name] = value;
  return inherited;
}

/** Returns all settings of a tree in declaration order. */
export function listSettings(tree: SettingsTree): Setting[] {
  return Object.values(tree).flatMap((node) => (isSetting(node) ? [node] : listSettings(node)));
}

function parseTree(tree: SettingsTree, env: NodeJS.ProcessEnv, problems: string[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, node] of Object.entries(tree)) {
    out[name] = isSetting(node) ? parseSetting(node, env, problems) : parseTree(node, env, problems);
  }
  return out;
}

function parseSetting(node: Setting, env: NodeJS.ProcessEnv, problems: string[]): unknown {
  // `FOO=` in an env file sets an empty variable, which means: not set.
  const text = env[node.variable] === '' ? undefined : env[node.variable];
  const result = node.schema.safeParse(text);
  if (result.success) return result.data;
  const reason = result.error.issues.map((issue) => issue.message).join('; ');
  const shown =
    text === undefined
      ? 'is not set'
      : node.secret
        ? 'has an invalid value'
        : `is ${JSON.stringify(withoutPassword(text))}`;
  problems.push(`${node.variable} ${shown}: ${text === undefined ? 'it is required. ' : `${reason}. `}${node.about}`);
  return undefined;
}

/** Hides the user and password that a URL may contain. */
function withoutPassword(text: string): string {
  return text.replace(/\/\/.*@/s, '//...@');
}

function isSetting(node: Setting | SettingsTree): node is Setting {
  return typeof (node as Setting).variable === 'string' && (node as Setting).schema instanceof z.ZodType;
}
