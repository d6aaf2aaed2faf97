// Makes the VSIX. `npm run package` makes the universal one, which looks for `seam` on the PATH; `npm run package -- TARGET SEAM` (for
// example `linux-x64 ../../target/dist/seam`) the one for a platform, with the program in it.
import { execFileSync } from "node:child_process"
import fs from "node:fs"

const [target, seam] = process.argv.slice(2)
const { version } = JSON.parse(fs.readFileSync("package.json", "utf8"))
fs.rmSync("server", { recursive: true, force: true })
if (target) {
  if (!seam) throw new Error("say which program: npm run package -- TARGET SEAM")
  const name = target.startsWith("win32") ? "server/seam.exe" : "server/seam"
  fs.mkdirSync("server")
  fs.copyFileSync(seam, name)
  fs.chmodSync(name, 0o755)
}
const out = process.env.SEAM_VSIX ?? `seamwise-${target ? `${target}-` : ""}${version}.vsix`
// Everything is bundled, hence no dependencies; links in the README stay as they are.
const args = ["package", "--no-dependencies", "--skip-license", "--allow-missing-repository", "--no-rewrite-relative-links", "-o", out, ...(target ? ["--target", target] : [])]
execFileSync("node_modules/.bin/vsce", args, { stdio: "inherit", env: { ...process.env, npm_config_update_notifier: "false" } })
fs.rmSync("server", { recursive: true, force: true })
