// suite.mjs HOST SEAM   runs the extension-host tests in one VS Code; the exit code is theirs.
//
// The bundle in `out/test` exports `run()`, as `@vscode/test-electron` and `vscode-test` expect it too.
import fs from "node:fs"
import path from "node:path"
import { browse, remove, serve, temporary, workspace } from "./host.mjs"

const [host, seam] = process.argv.slice(2)
const extension = path.resolve(import.meta.dirname, "../..")
const folder = workspace(path.resolve(extension, "../.."))
const cache = temporary("cache")
const server = await serve(host, { tests: true, env: { SEAM_SERVER: path.resolve(seam), SEAM_CACHE: cache } })
const remote = (file) => `vscode-remote://${server.authority}${file}`
const payload = [["extensionDevelopmentPath", remote(extension)], ["extensionTestsPath", remote(`${extension}/out/test/index.js`)], ["skipWelcome", "true"]]
const { page, close } = await browse()
let code
try {
  const done = new Promise((resolve) => page.exposeFunction("codeAutomationExit", resolve))
  await page.exposeFunction("codeAutomationLog", (type, args) => console[type]?.(...args))
  if (process.env.DEBUG) page.on("console", (m) => console.log("[page]", m.type(), m.text().slice(0, 300)))
  await page.goto(`${server.url}/?folder=${folder}&payload=${encodeURIComponent(JSON.stringify(payload))}`)
  const late = new Promise((resolve) => setTimeout(() => resolve(124), Number(process.env.SEAM_EDITOR_TIMEOUT ?? 420_000)))
  code = await Promise.race([done, late])
  if (code === 124) console.error("the tests did not end in time")
} finally {
  if (code !== 0 && process.env.SEAM_SHOTS) await page.screenshot({ path: path.join(process.env.SEAM_SHOTS, "suite.png") }).catch(() => {})
  await close()
  await server.stop()
  remove(folder)
  remove(cache)
}
process.exit(code)
