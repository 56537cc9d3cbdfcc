/** Signs people in by the stand-in of GitHub, as a browser does it. */
import { TestBrowser } from '@xerotier/testing/identity-providers';
import { randomBytes, randomUUID } from 'node:crypto';

export interface GithubPerson {
  readonly id: number;
  readonly email: string;
}

export function newPerson(): GithubPerson {
  return { id: randomBytes(4).readUInt32BE(), email: `github-${randomUUID()}@example.com` };
}

/** The authorization URL with the person who authorizes there. */
export function authorizedBy(authorizationUrl: string, { id, email }: GithubPerson): string {
  const url = new URL(authorizationUrl);
  url.searchParams.set('as', String(id));
  url.searchParams.set('email', email);
  return url.href;
}

/** Goes to GitHub and back. @returns the URL of the callback, which is not requested. */
export async function callbackFor(browser: TestBrowser, baseUrl: string, person: GithubPerson): Promise<URL> {
  const begun = await browser.send(`${baseUrl}/api/v1/sign-in/github?return_to=%2Fprojects`);
  const location = begun.headers.get('location');
  if (location === null) throw new Error(`a sign-in cannot begin: ${begun.status} ${await begun.text()}`);
  return browser.followTo(authorizedBy(location, person), `${baseUrl}/api/v1/sign-in/github/callback`);
}

/** @returns a browser with the cookie of what the sign-in has led to, and the response of the callback. */
export async function signedInBrowser(
  baseUrl: string,
  person = newPerson(),
): Promise<{ browser: TestBrowser; response: Response }> {
  const browser = new TestBrowser();
  const response = await browser.send((await callbackFor(browser, baseUrl, person)).href);
  return { browser, response };
}

export function cookieOf(browser: TestBrowser, baseUrl: string, name: string): string {
  return browser.cookiesOf(baseUrl).get(name) ?? '';
}
