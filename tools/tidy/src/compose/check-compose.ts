/**
 * Checks the deployment with Compose without a container engine: the file against its schema, and everything that it and
 * the Dockerfile name against what is there. What only an engine can tell is not checked: that images build and start.
 */
import { checkDockerfile } from './check-dockerfile.ts';
import { checkEnvironment } from './check-environment.ts';
import { checkImages, checkVariables } from './check-images.ts';
import { checkLimits } from './check-limits.ts';
import { checkPorts } from './check-ports.ts';
import { checkReferences } from './check-references.ts';
import { schemaProblems } from './compose-schema.ts';
import { composePath, loadDeployment } from './deployment.ts';
import type { DeploymentTexts } from './deployment.ts';

/**
 * Every problem with its remedy, empty when there is none.
 * @throws {Error} when one of the files cannot be parsed.
 */
export async function checkCompose(root: string, texts: DeploymentTexts): Promise<string[]> {
  const deployment = await loadDeployment(root, texts);
  const schema = schemaProblems(deployment.compose.document);
  // A file of the wrong shape would only confuse the other checks.
  if (schema.length > 0) return schema.map((problem) => `${composePath}: ${problem}`);
  const checks = [checkReferences, checkEnvironment, checkPorts, checkLimits, checkImages, checkVariables];
  const found = [...deployment.problems, ...checks.flatMap((check) => check(deployment))];
  return [...new Set([...found.map((problem) => `${composePath}: ${problem}`), ...checkDockerfile(deployment)])];
}
