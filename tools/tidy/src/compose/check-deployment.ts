/**
 * Checks the Compose deployment without a container engine: that docker-compose.yml, deploy/Dockerfile and the services
 * agree. Docker's own checks of each file (`docker compose config`, `docker build --check`), and that images build and
 * start, are part of the job `containers` in .github/workflows/ci.yml.
 */
import { checkEnvironment } from './check-environment.ts';
import { checkLimits } from './check-limits.ts';
import { checkPorts } from './check-ports.ts';
import { checkImages, checkServices } from './check-services.ts';
import { checkVariables, checkVersions } from './check-variables.ts';
import { composePath, loadDeployment } from './deployment.ts';
import type { DeploymentTexts } from './deployment.ts';

/**
 * Returns all problems, each with its remedy.
 * @throws {Error} when one of the files cannot be parsed.
 */
export async function checkDeployment(root: string, texts: DeploymentTexts): Promise<string[]> {
  const deployment = await loadDeployment(root, texts);
  // A file with an invalid structure would only confuse the other checks.
  if (deployment.compose.problems.length > 0) return deployment.compose.problems.map(inCompose);
  const checks = [checkEnvironment, checkPorts, checkLimits, checkVersions, checkVariables, checkServices, checkImages];
  return [...new Set([...deployment.problems, ...checks.flatMap((check) => check(deployment))])].map(inCompose);
}

function inCompose(problem: string): string {
  return problem.startsWith('deploy/') ? problem : `${composePath}: ${problem}`;
}
