export const PAGE_STYLE = `
:root { color-scheme: light dark; --quiet: light-dark(#5a6472, #9aa5b4); --line: light-dark(#dde2e8, #333b45);
  --code: light-dark(#f2f4f7, #1d232b); --accent: light-dark(#0b57c4, #7db1ff); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 6rem; font: 16px/1.55 system-ui, sans-serif;
  background: light-dark(#fff, #12161b); color: light-dark(#16202c, #e3e8ee); }
h1 { margin: 0; font-size: 2rem; }
h2 { margin: 3.5rem 0 .25rem; font-size: 1.45rem; }
article { margin: 1.5rem 0; padding: 1.25rem 1.5rem; border: 1px solid var(--line); border-radius: .6rem; }
h3 { margin: 0; font-size: 1.1rem; }
h4 { margin: 1.2rem 0 .3rem; font-size: .8rem; letter-spacing: .05em; text-transform: uppercase; color: var(--quiet); }
p { margin: .5rem 0; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font: .88em/1.5 ui-monospace, monospace; background: var(--code); border-radius: .3rem; overflow-wrap: anywhere; }
code { padding: .1em .35em; }
pre { margin: .4rem 0; padding: .8rem 1rem; overflow-x: auto; }
ul { margin: .3rem 0; padding-left: 1.1rem; }
li { margin: .25rem 0; }
i { font-style: normal; color: var(--quiet); }
b { font-size: .78em; font-weight: 600; color: var(--accent); }
small, summary { color: var(--quiet); }
summary { cursor: pointer; font-size: .85em; }
nav ul { columns: 2; list-style: none; padding: 0; }
.method { margin-right: .5rem; font-weight: 700; color: var(--accent); }
`;
