// bundled.mjs HOST SEAM SHOTS   the extension of a platform, with its own program: in a folder that is not trusted, and in two folders at once.
import assert from "node:assert/strict"
import fs from "node:fs"
import path from "node:path"
import { browse, packaged, remove, serve, temporary, workspace } from "../host/host.mjs"
import { desk, journey, LONG } from "./desk.mjs"

const [host, seam, shots] = process.argv.slice(2)
const repository = path.resolve(import.meta.dirname, "../../../..")
fs.mkdirSync(shots, { recursive: true })
const [cache, folder, pair] = [temporary("cache"), workspace(repository), temporary("pair")]
// A folder that says which program is to be run; it is asked whether it was.
const [trap, sprung] = [path.join(folder, "trap"), path.join(folder, "sprung")]
fs.writeFileSync(trap, `#!/bin/sh\n: > '${sprung}'\n`, { mode: 0o755 })
fs.mkdirSync(path.join(folder, ".vscode"))
fs.writeFileSync(path.join(folder, ".vscode/settings.json"), JSON.stringify({ "seamwise.server.path": trap, "seamwise.server.extraEnv": { PATH: folder } }))
for (const name of ["bookshop", "parcel"]) fs.cpSync(path.join(repository, "workspaces", name), path.join(pair, name), { recursive: true })
fs.writeFileSync(path.join(pair, "both.code-workspace"), JSON.stringify({ folders: [{ path: "bookshop" }, { path: "parcel" }] }))

const env = { SEAM_CACHE: cache, PATH: process.env.PATH, SEAM_SERVER: "" }
const server = await serve(host, { vsix: [packaged(seam)], trust: true, env })
const { page, close } = await browse()
const { step, shoot, failed } = journey(page, shots)
const { palette, openAt, opens, side, tree, map } = desk(page)
const version = async () => {
  await palette("Seamwise: Show Version")
  const toast = page.locator(".notification-list-item").filter({ hasText: /seam \d/ }).first()
  await toast.waitFor(LONG)
  return toast.innerText()
}

await step("opens a folder that is not trusted", async () => {
  await opens(`${server.url}/?folder=${folder}`)
  await page.getByText("Restricted Mode").first().waitFor(LONG)
})
await step("shows its system and its findings all the same", async () => {
  await side()
  await tree("checkout").waitFor(LONG)
  await page.locator(".monaco-list-row").filter({ hasText: "unknown-host" }).first().waitFor(LONG)
  await shoot("restricted")
})
await step("starts the extension's own program, not the folder's", async () => {
  assert.match(await version(), /from the extension: .*server\/seam/)
  assert.ok(!fs.existsSync(sprung), "the folder's program was run")
})
await step("starts what the folder names once it is trusted, and tells what that says", async () => {
  await palette("Workspaces: Manage Workspace Trust")
  await page.locator(".workspace-trust-editor").getByRole("button", { name: /^Trust/ }).first().click(LONG)
  for (let tries = 0; tries < 200 && !fs.existsSync(sprung); tries++) await page.waitForTimeout(100)
  assert.ok(fs.existsSync(sprung), "the setting counts now")
  await page.keyboard.press("Escape")
})
await step("opens two folders at once", async () => {
  await opens(`${server.url}/?workspace=${path.join(pair, "both.code-workspace")}`)
  await side()
  for (const name of ["checkout", "tracking", "portal"]) await tree(name).waitFor(LONG)
})
await step("jumps across services in the second folder", async () => {
  const text = fs.readFileSync(path.join(pair, "parcel/portal/src/server.ts"), "utf8").split("\n")
  const line = text.findIndex((l) => /\.where\(/i.test(l))
  await openAt("portal/src/server.ts", line + 1, text[line].search(/where\(/i) + 2)
  await page.keyboard.press("F12")
  await page.locator('.tab.active[aria-label^="main.go"]').first().waitFor(LONG)
  await shoot("two-folders")
})
await step("draws both on one map", async () => {
  await palette("Seamwise: Open Service Map")
  await map().getByRole("button", { name: "portal → tracking" }).waitFor(LONG)
  await map().getByRole("button", { name: "checkout → payments" }).waitFor(LONG)
  await map().getByRole("button", { name: "portal → tracking" }).click()
  await map().getByRole("button", { name: /parcel\/portal\/src\/server\.ts:\d+/ }).first().click()
  await page.locator('.tab.active[aria-label^="server.ts"]').first().waitFor(LONG)
})

await close()
await server.stop()
for (const rest of [cache, folder, pair]) remove(rest)
console.log(failed.length ? `failed: ${failed.join("; ")}` : "all steps done")
process.exit(failed.length ? 1 : 0)
