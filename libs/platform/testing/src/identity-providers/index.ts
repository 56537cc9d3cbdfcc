export { GithubServer } from './github-server.ts';
export type { GithubUser } from './github-server.ts';
export { OidcServer } from './oidc-server.ts';
export type { OidcUser } from './oidc-server.ts';
export { TestBrowser } from './test-browser.ts';
