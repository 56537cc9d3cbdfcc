/** String formats that a grammar can enforce, without quotes. */
const YEAR_TO_DAY = '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])';
const TIME = '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,6})?';
const ZONE = '("Z" | [-+] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])';
const HEX = '[0-9a-f]';
const OCTET = '("25" [0-5] | "2" [0-4] [0-9] | "1" [0-9] [0-9] | [1-9]? [0-9])';
const LABEL = '[a-z0-9] ([a-z0-9-]{0,20} [a-z0-9])?';

/** Days end at 28, since a grammar cannot know the length of a month. */
export const stringFormats: Readonly<Record<string, string>> = {
  date: YEAR_TO_DAY,
  time: `${TIME} ${ZONE}`,
  'date-time': `${YEAR_TO_DAY} "T" ${TIME} ${ZONE}`,
  duration: '"P" [1-9] [0-9]{0,3} [YMWD]',
  uuid: `${HEX}{8} "-" ${HEX}{4} "-" ${HEX}{4} "-" ${HEX}{4} "-" ${HEX}{12}`,
  ipv4: `${OCTET} "." ${OCTET} "." ${OCTET} "." ${OCTET}`,
  ipv6: '[0-9a-f]{1,4} (":" [0-9a-f]{1,4}){7}',
  hostname: `${LABEL} ("." ${LABEL}){0,4}`,
  email: `[a-z0-9] [a-z0-9_-]{0,20} "@" ${LABEL} ("." ${LABEL}){1,3}`,
};
