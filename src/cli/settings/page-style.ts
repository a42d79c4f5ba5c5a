import { Html } from './html.ts';

/** The one style sheet of the page: light and dark, narrow and wide, nothing from elsewhere. */
export const STYLE = new Html(`
:root {
  color-scheme: light dark;
  --ground: #f4f5f8; --sheet: #ffffff; --line: #8a90a0; --rule: #e2e4ea; --text: #1b1e27; --soft: #565c6b;
  --accent: #2f4bd6; --accent-text: #ffffff; --bad: #b3182a; --bad-ground: #fdf0f1; --good: #14713d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12141a; --sheet: #1b1e27; --line: #767d90; --rule: #2d313d; --text: #eceef4; --soft: #aab0c0;
    --accent: #93a8ff; --accent-text: #10131c; --bad: #ff98a2; --bad-ground: #33191e; --good: #6fd699;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: clamp(1rem, 4vw, 3rem) 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main {
  max-width: 40rem; margin: 0 auto; padding: clamp(1.25rem, 4vw, 2.5rem); background: var(--sheet);
  border: 1px solid var(--rule); border-radius: 1rem; box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 8px 28px rgb(0 0 0 / 7%);
}
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; letter-spacing: -0.01em; overflow-wrap: anywhere; }
p { margin: 0.5rem 0 0; overflow-wrap: anywhere; }
.eyebrow { margin: 0 0 0.25rem; color: var(--accent); font-size: 0.85rem; font-weight: 650; letter-spacing: 0.03em; }
.id { margin: 0.15rem 0 0; color: var(--soft); font-family: ui-monospace, "Cascadia Code", Menlo, Consolas, monospace; font-size: 0.875rem; }
form { margin-top: 1.75rem; }
.field { margin: 0 0 1.5rem; padding: 0; border: 0; min-width: 0; }
.field.wrong { padding-left: 0.9rem; border-left: 3px solid var(--bad); }
label, legend { display: block; padding: 0; font-weight: 600; }
.required, .optional, .secret { margin-left: 0.35rem; font-size: 0.8rem; font-weight: 500; color: var(--soft); }
.required { color: var(--accent); }
.help, .error { margin: 0.15rem 0 0; font-size: 0.9rem; color: var(--soft); }
.note { display: block; }
.error { color: var(--bad); font-weight: 550; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
input[type="text"], input[type="password"], select, textarea {
  display: block; width: 100%; margin-top: 0.45rem; padding: 0.6rem 0.75rem; min-height: 2.75rem;
  font: inherit; color: inherit; background: var(--sheet); border: 1px solid var(--line); border-radius: 0.5rem;
}
textarea { resize: vertical; }
.masked { -webkit-text-security: disc; }
.wrong input, .wrong select, .wrong textarea { border-color: var(--bad); }
.box { display: flex; align-items: center; gap: 0.6rem; min-height: 2.25rem; font-weight: 400; }
.box input { width: 1.15rem; height: 1.15rem; accent-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.actions { margin-top: 2rem; }
button {
  min-height: 2.75rem; padding: 0.6rem 1.75rem; font: inherit; font-weight: 650; cursor: pointer;
  color: var(--accent-text); background: var(--accent); border: 0; border-radius: 0.5rem;
}
button:hover { filter: brightness(1.08); }
.summary { margin-top: 1.5rem; padding: 1rem 1.25rem; background: var(--bad-ground); border: 1px solid var(--bad); border-radius: 0.6rem; }
.summary h2 { margin: 0; font-size: 1.05rem; color: var(--bad); }
.summary ul { margin: 0.4rem 0 0; padding-left: 1.2rem; }
.summary a { color: inherit; }
footer { margin-top: 2rem; padding-top: 1.1rem; border-top: 1px solid var(--rule); color: var(--soft); font-size: 0.875rem; }
footer p:first-child { margin-top: 0; }
footer code { display: block; margin-top: 0.35rem; }
code { font-family: ui-monospace, "Cascadia Code", Menlo, Consolas, monospace; font-size: 0.92em; overflow-wrap: anywhere; }
.message h1 { display: flex; align-items: center; gap: 0.7rem; margin: 0.5rem 0 1rem; }
.mark { flex: none; display: grid; place-items: center; width: 2.1rem; height: 2.1rem; border-radius: 50%; font-size: 1.15rem; border: 2px solid currentcolor; }
.good { color: var(--good); }
.bad { color: var(--bad); }
@media (max-width: 30rem) {
  body { padding: 0; background: var(--sheet); }
  main { border: 0; border-radius: 0; box-shadow: none; }
  button { width: 100%; }
}
`);
