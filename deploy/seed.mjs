/**
 * Seeds a new installation with a project, one endpoint, its model, and a key. Each service writes its own part
 * (`main.js seed`); this script composes the documents, generates the key, and prints the result.
 *
 *   node deploy/seed.mjs         seeds, unless the same documents were seeded before
 *   node deploy/seed.mjs again   seeds in any case: for a recreated database
 *   node deploy/seed.mjs show    prints the generated key
 *
 * It seeds once only, because later changes (of a tier, a revoked key) must not be undone at the next start.
 */
import { generateApiKey, hasValidChecksum, isKeyOfProject } from '@xerotier/api-keys';
import { ConfigError, loadConfig } from '@xerotier/config';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calledServices, settings } from './seed-settings.mjs';

/** An example request for each task that fits on one line. */
const prompt = 'What is the capital of France?';
const examples = {
  generate: { path: 'chat/completions', body: { messages: [{ role: 'user', content: prompt }], max_tokens: 100 } },
  embed: { path: 'embeddings', body: { input: prompt } },
  score: { path: 'rerank', body: { query: prompt, documents: ['Paris is in France.', 'Bread is baked.'] } },
};

/** An error for the operator; a stack trace would not help. */
class SeedError extends Error {}

/** Keys of these names were revoked or rotated. */
class EndedKeysError extends SeedError {
  constructor(names) {
    super(`the keys ${names.join(', ')} are no longer valid`);
    this.names = names;
  }
}

try {
  const [command = 'once', ...rest] = process.argv.slice(2);
  if (!['once', 'again', 'show'].includes(command) || rest.length > 0)
    throw new SeedError("Expected no command, 'again' or 'show'.");
  const config = loadConfig(settings);
  if (command === 'show') await show(config);
  else await seed(config, { again: command === 'again' });
} catch (error) {
  if (!(error instanceof SeedError || error instanceof ConfigError)) throw error;
  process.stderr.write(`seed: ${error.message}\n`);
  process.exitCode = 1;
}

async function seed(config, { again }) {
  let keys = await loadKeys(config);
  let documents = documentsOf(config, keys);
  const digest = digestOf(documents);
  const before = await readJson(seededFile(config));
  const note = before?.[config.endpointSlug];
  if (note?.digest === digest && !again) {
    process.stdout.write(`seed: already seeded, nothing to do\n${describe(config, note.projectId)}`);
    return;
  }
  const outputs = {};
  let replaced = [];
  for (const app of calledServices) {
    outputs[app] = await runService(app, documents[app]).catch(async (error) => {
      if (!(error instanceof EndedKeysError)) throw error;
      // A key that was ended deliberately stays ended, and does not prevent the start.
      replaced = error.names;
      keys = await replaceKey(config);
      documents = documentsOf(config, keys);
      return runService(app, documents[app]);
    });
  }
  const { projectId } = JSON.parse(outputs.auth);
  await writePrivately(seededFile(config), {
    ...before,
    [config.endpointSlug]: { digest: digestOf(documents), projectId },
  });
  process.stdout.write('seed: done\n');
  for (const name of replaced)
    process.stdout.write(
      `seed: the key '${name}' was revoked or rotated and stays so; a new one was generated (command: show)\n`,
    );
  if ((before === undefined || replaced.length > 0) && config.apiKey === undefined) {
    process.stdout.write(
      `\nThe key of this installation, printed this once (later: the command show):\n\nexport XEROTIER_API_KEY=${keys.apiKey}\n`,
    );
  }
  process.stdout.write(describe(config, projectId));
}

function digestOf(documents) {
  return createHash('sha256').update(JSON.stringify(documents)).digest('hex');
}

async function show(config) {
  const kept = await readJson(keysFile(config));
  if (kept === undefined) throw new SeedError(`No keys were generated yet: ${keysFile(config)} does not exist.`);
  process.stdout.write(`${JSON.stringify(kept, null, 2)}\n`);
}

/**
 * Returns the keys of an earlier start, or new ones. They are written to disk before the database, so none is ever
 * lost.
 */
async function loadKeys(config) {
  const given = config.apiKey;
  if (given !== undefined && !(hasValidChecksum(given) && isKeyOfProject(given, config.projectSlug))) {
    throw new SeedError(
      `SEED_API_KEY is not a key of the project ${config.projectSlug}. Leave it empty to generate one, or use one of another installation whose project has this slug.`,
    );
  }
  let keys = await readJson(keysFile(config));
  if (keys === undefined) {
    keys = { apiKey: given ?? generateApiKey(config.projectSlug) };
    await writePrivately(keysFile(config), keys);
  }
  return { apiKey: given ?? keys.apiKey };
}

/** Generates a new value for the key, written to disk before the database. */
async function replaceKey(config) {
  if (config.apiKey !== undefined)
    throw new SeedError('SEED_API_KEY was revoked or rotated. Set another one, or leave it empty to generate one.');
  const keys = { apiKey: generateApiKey(config.projectSlug) };
  await writePrivately(keysFile(config), keys);
  return keys;
}

function documentsOf(config, { apiKey }) {
  const { id, name = id, ownedBy, contextTokens } = config.model;
  return {
    router: { models: [{ id, name, ownedBy, contextTokens }] },
    auth: {
      team: { name: config.teamName },
      project: { name: config.projectName, slug: config.projectSlug },
      endpoints: [{ slug: config.endpointSlug, modelId: id, tier: config.tier, task: config.task }],
      keys: [{ name: `${config.projectSlug} inference`, scopes: ['inference'], value: apiKey }],
    },
  };
}

/** The document is passed on standard input: arguments of a process are visible to others. */
function runService(app, document) {
  const child = spawn(process.execPath, [`apps/${app}/dist/main.js`, 'seed'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  // A service that exits early reports the reason on standard error; EPIPE would only hide it.
  child.stdin.on('error', () => undefined).end(JSON.stringify(document));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const text = Buffer.concat(output).toString();
      if (code === 0) resolve(text);
      else if (text.includes('"endedKeys"')) reject(new EndedKeysError(JSON.parse(text).endedKeys));
      else reject(new SeedError(`the ${app} service failed with code ${code}; the reason is above`));
    });
  });
}

/** An example request to paste, without the key. */
function describe(config, projectId) {
  const url = `${config.publicUrl.replace(/\/$/, '')}/${projectId}/${config.endpointSlug}/v1`;
  const example = examples[config.task];
  if (example === undefined) return `\n${url}\n`;
  const body = JSON.stringify({ model: config.model.name ?? config.model.id, ...example.body });
  return [
    '',
    `curl ${url}/${example.path} \\`,
    '  -H "Authorization: Bearer $XEROTIER_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${body.replaceAll("'", String.raw`'\''`)}'`,
    '',
  ].join('\n');
}

function keysFile(config) {
  return join(config.stateDir, `keys-${config.projectSlug}.json`);
}

/** What was seeded, by endpoint: several seeds of one project share the folder. */
function seededFile(config) {
  return join(config.stateDir, `seeded-${config.projectSlug}.json`);
}

async function readJson(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new SeedError(`${path} cannot be read (${error.code ?? error.message})`);
  }
}

async function writePrivately(path, value) {
  // Written completely or not at all.
  await writeFile(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path).catch((error) => Promise.reject(new SeedError(`${path}: ${error.code}`)));
}
