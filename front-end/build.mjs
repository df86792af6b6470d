// Builds static/dist/ from static/css, static/js and the packages in package-lock.json: node front-end/build.mjs
import { build } from "esbuild";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { picked } from "./pick.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "static", "dist");
const require = createRequire(import.meta.url);

// What is kept of Bootstrap: reboot, the grid columns, and the few utilities that forms and pages use.
const KEPT = [
  /^\.visually-hidden/,
  /^\.(d-(none|block|inline|inline-block|flex|grid)|w-100|h-100)$/,
  /^\.[mp][tbsexy]?-(0|1|2|3|4|5|auto)$/,
  /^\.(gap|row-gap|column-gap)-[0-5]$/,
  /^\.(flex-(row|column|wrap|nowrap|fill|grow-1|shrink-0)|justify-content-(start|end|center|between)|align-items-(start|end|center|baseline))$/,
  /^\.text-(start|end|center|nowrap|wrap|break)$/,
  /^\.(fw-(bold|semibold|normal)|fst-italic|list-unstyled|sticky-top|overflow-auto)$/,
  /^\.row( ?> ?\*)?$/,
  /^\.col(-(sm|md|lg))?(-(auto|\d+))?$/,
];

const bootstrapParts = {
  name: "bootstrap-parts",
  setup(plugin) {
    plugin.onResolve({ filter: /^bootstrap-parts$/ }, () => ({ path: "bootstrap-parts", namespace: "parts" }));
    plugin.onLoad({ filter: /.*/, namespace: "parts" }, async () => {
      const css = (name) => readFile(require.resolve(`bootstrap/dist/css/bootstrap-${name}.css`), "utf8");
      const [reboot, grid, utilities] = await Promise.all(["reboot", "grid", "utilities"].map(css));
      return { contents: [reboot, picked(grid, KEPT), picked(utilities, KEPT)].join("\n"), loader: "css", resolveDir: root };
    });
  },
};

const common = {
  bundle: true,
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  target: ["chrome123", "firefox120", "safari17.5"],
  absWorkingDir: root,
  define: { global: "globalThis", "process.env.NODE_ENV": '"production"' },
};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await Promise.all([
  build({ ...common, entryPoints: ["static/css/site.css", "static/css/admin.css"], outdir: dist, plugins: [bootstrapParts] }),
  build({ ...common, entryPoints: ["static/js/theme.js", "static/js/site.js", "static/js/session.js", "static/js/admin.js"], outdir: dist, format: "iife" }),
]);

for (const name of ["site.css", "admin.css", "theme.js", "site.js", "session.js", "admin.js"]) {
  const path = join(dist, name);
  const small = brotliCompressSync(await readFile(path)).length;
  console.log(`${name.padEnd(12)} ${kilo((await stat(path)).size)} KB, ${kilo(small)} KB with brotli`);
}

function kilo(bytes) {
  return (bytes / 1024).toFixed(1).padStart(7);
}
