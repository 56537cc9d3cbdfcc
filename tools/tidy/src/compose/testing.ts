/** Modified copies of the project's deployment files, for tests that expect a mistake to be reported. */
import { parse, stringify } from 'yaml';
import { projectRoot } from '../run-program.ts';
import { checkDeployment } from './check-deployment.ts';
import { readDeploymentTexts } from './deployment.ts';

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test changes any part of the document. */
export type AnyTree = any;

const texts = readDeploymentTexts(projectRoot);

export function problemsOfProject(): Promise<string[]> {
  return checkDeployment(projectRoot, texts);
}

/** Returns the problems after a change to the Compose file. */
export function problemsWithCompose(change: (services: AnyTree) => void): Promise<string[]> {
  // A copy through JSON, so that YAML anchors that are used twice are changed in one place only.
  const file = JSON.parse(JSON.stringify(parse(texts.compose, { merge: true }))) as { services: AnyTree };
  change(file.services);
  return checkDeployment(projectRoot, { ...texts, compose: stringify(file) });
}

/** Returns the problems after a replacement in another file, which must contain the text. */
export function problemsWith(
  name: Exclude<keyof typeof texts, 'compose'>,
  text: string,
  replacement: string,
): Promise<string[]> {
  if (!texts[name].includes(text)) throw new Error(`the ${name} has no '${text}'`);
  return checkDeployment(projectRoot, { ...texts, [name]: texts[name].replace(text, replacement) });
}
