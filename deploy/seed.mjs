/**
 * Gives a new installation something to use: a project with one endpoint, its model, and a key for it. Each service
 * writes its own part (`main.js seed`); this only decides what, makes the key, and tells the person who starts it.
 *
 *   node deploy/seed.mjs         seeds, unless the same was seeded before
 *   node deploy/seed.mjs again   seeds also then: for a database that was made anew
 *   node deploy/seed.mjs show    prints the key that was made here
 *
 * Once only, because what people change later (a tier, a revoked key) must not come back at the next start.
 */
import { generateApiKey, hasValidChecksum, isKeyOfProject } from '@xerotier/api-keys';
import { ConfigError, loadConfig } from '@xerotier/config';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calledServices, settings } from './seed-settings.mjs';

/** What can be asked of an endpoint in one line. */
const prompt = 'What is the capital of France?';
const examples = {
  generate: { path: 'chat/completions', body: { messages: [{ role: 'user', content: prompt }], max_tokens: 100 } },
  embed: { path: 'embeddings', body: { input: prompt } },
  score: { path: 'rerank', body: { query: prompt, documents: ['Paris is in France.', 'Bread is baked.'] } },
};

/** The person who reads this has to act; a stack would not help. */
class SeedError extends Error {}

/** Keys of these names were revoked or rotated. */
class EndedKeysError extends SeedError {
  constructor(names) {
    super(`the keys ${names.join(', ')} count no longer`);
    this.names = names;
  }
}

try {
  const [command = 'once', ...rest] = process.argv.slice(2);
  if (!['once', 'again', 'show'].includes(command) || rest.length > 0)
    throw new SeedError("There are the commands 'again' and 'show', and no command for seeding once.");
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
    process.stdout.write(`seed: nothing to do, this was seeded before\n${describe(config, note.projectId)}`);
    return;
  }
  const outputs = {};
  let replaced = [];
  for (const app of calledServices) {
    outputs[app] = await runService(app, documents[app]).catch(async (error) => {
      if (!(error instanceof EndedKeysError)) throw error;
      // What somebody ended on purpose stays so, and is no reason to start no more.
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
      `seed: the key '${name}' was revoked or rotated; it stays so, and a new one was made (command: show)\n`,
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
  if (kept === undefined) throw new SeedError(`No keys were made yet: there is no ${keysFile(config)}.`);
  process.stdout.write(`${JSON.stringify(kept, null, 2)}\n`);
}

/** The keys of earlier starts, else new ones. They are on disk before they are in the database: none is ever lost. */
async function loadKeys(config) {
  const given = config.apiKey;
  if (given !== undefined && !(hasValidChecksum(given) && isKeyOfProject(given, config.projectSlug))) {
    throw new SeedError(
      `SEED_API_KEY is no key of the project ${config.projectSlug}. Leave it empty to have one made, or take one from another installation whose project has this slug.`,
    );
  }
  let keys = await readJson(keysFile(config));
  if (keys === undefined) {
    keys = { apiKey: given ?? generateApiKey(config.projectSlug) };
    await writePrivately(keysFile(config), keys);
  }
  return { apiKey: given ?? keys.apiKey };
}

/** A new value for the key, on disk before it is in the database. */
async function replaceKey(config) {
  if (config.apiKey !== undefined)
    throw new SeedError('SEED_API_KEY was revoked or rotated. Give another one, or leave it empty to have one made.');
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

/** The document goes through standard input: arguments of a process can be read by others. */
function runService(app, document) {
  const child = spawn(process.execPath, [`apps/${app}/dist/main.js`, 'seed'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  // A service that ends before it has read everything says why on standard error; EPIPE would only hide it.
  child.stdin.on('error', () => undefined).end(JSON.stringify(document));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const text = Buffer.concat(output).toString();
      if (code === 0) resolve(text);
      else if (text.includes('"endedKeys"')) reject(new EndedKeysError(JSON.parse(text).endedKeys));
      else reject(new SeedError(`the ${app} service refused (code ${code}); its reason is above`));
    });
  });
}

/** What to paste, apart from the key. */
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
  // Written whole or not at all.
  await writeFile(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path).catch((error) => Promise.reject(new SeedError(`${path}: ${error.code}`)));
}
