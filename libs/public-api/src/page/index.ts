export { page, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, pageOf, pageQueryFields } from './page.ts';
export type { Page, PageOrder } from './page.ts';
