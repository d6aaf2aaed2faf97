// Bundles the extension, its webview and its tests into `out/`. `--production` makes small files without maps, `--watch` goes on.
import * as esbuild from "esbuild"
import fs from "node:fs"

const has = (flag) => process.argv.includes(flag)
const shared = {
  bundle: true,
  minify: has("--production"),
  sourcemap: has("--production") ? false : "linked",
  logLevel: "warning",
}
const host = { ...shared, platform: "node", format: "cjs", target: "node20", external: ["vscode"] }
const builds = [
  { ...host, entryPoints: ["src/main.ts"], outfile: "out/main.js" },
  { ...shared, platform: "browser", format: "iife", target: "chrome120", entryPoints: ["src/webview/map.ts"], outfile: "out/map.js" },
]
if (!has("--production")) builds.push({ ...host, entryPoints: ["test/suite/index.ts", "test/unit/bootstrap.ts"], outdir: "out/test", entryNames: "[name]" })
fs.rmSync("out", { recursive: true, force: true })
for (const options of builds) {
  if (has("--watch")) await (await esbuild.context(options)).watch()
  else await esbuild.build(options)
}
