/** Files that are generated from the code, so that they cannot contradict it. */
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { metricsPage } from './metrics-page.ts';
import { openapiDocument } from './openapi-document.ts';
import { servicesPage } from './services-page.ts';
import { subjectsPage } from './subjects-page.ts';

export interface GeneratedFile {
  /** Relative to the project's root. */
  readonly path: string;
  readonly content: string;
}

export async function generatedFiles(): Promise<GeneratedFile[]> {
  return [
    { path: 'docs/generated/configuration.md', content: await configurationPage() },
    { path: 'docs/generated/errors.md', content: errorsPage() },
    { path: 'docs/generated/metrics.md', content: await metricsPage() },
    { path: 'docs/generated/openapi.json', content: openapiDocument() },
    { path: 'docs/generated/services.md', content: servicesPage() },
    { path: 'docs/generated/subjects.md', content: await subjectsPage() },
  ];
}
