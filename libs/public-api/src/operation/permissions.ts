/** What the key of a request must allow, as `<resource>:<access>`. Which scopes of a key hold which of these is the platform's business. */
export type Permission = 'inference:write' | 'completions:read' | 'completions:write' | 'models:read';
