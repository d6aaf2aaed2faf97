// drive.mjs HOST SEAM SHOTS   goes through the packaged extension as a person does, in a browser, and takes pictures on the way.
//
// The packaged extension is installed, not the folder: what is tried is what is shipped. Each step says what it saw; one that fails
// leaves a picture, and the rest is still tried.
import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import fs from "node:fs"
import path from "node:path"
import { browse, remove, serve, temporary, workspace } from "../host/host.mjs"

const [host, seam, shots] = process.argv.slice(2)
const extension = path.resolve(import.meta.dirname, "../..")
fs.mkdirSync(shots, { recursive: true })
const only = process.env.SEAM_FOLDER
const folder = only ?? workspace(path.resolve(extension, "../.."))
const cache = temporary("cache")
execFileSync("node", ["package.mjs"], { cwd: extension, stdio: "pipe" })
// Packaging leaves what is shipped only; the other tests need theirs again.
execFileSync("node", ["build.mjs"], { cwd: extension, stdio: "pipe" })
const vsix = fs.readdirSync(extension).filter((f) => /^seamwise-\d.*\.vsix$/.test(f)).map((f) => path.join(extension, f))
const settings = { "workbench.colorTheme": "Default Dark Modern", "explorer.confirmDragAndDrop": false }
// A setting of the user does not reach a machine that is looked at from afar; the environment does.
const server = await serve(host, { vsix, settings, env: { SEAM_CACHE: cache, SEAM_SERVER: path.resolve(seam) } })
const { page, context, close } = await browse()
const elsewhere = new Set()
await context.route("**/*", (route) => {
  const { hostname, protocol } = new URL(route.request().url())
  if (!["127.0.0.1", "localhost", ""].includes(hostname) && !hostname.endsWith(".localhost") && protocol.startsWith("http")) elsewhere.add(hostname)
  return route.continue()
})
const LONG = { timeout: 45_000 }
const failed = []
const shoot = (name) => page.screenshot({ path: path.join(shots, `${name}.png`) })
const step = async (name, does) => {
  if (process.env.SEAM_ONLY && !new RegExp(process.env.SEAM_ONLY).test(name)) return
  const start = Date.now()
  try {
    await does()
    console.log(`ok   ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`)
  } catch (error) {
    failed.push(name)
    console.log(`FAIL ${name}: ${String(error).split("\n").slice(0, 4).join(" | ")}`)
    await shoot(`fail-${name.replace(/\W+/g, "-")}`).catch(() => {})
    for (let tries = 0; tries < 3; tries++) await page.keyboard.press("Escape").catch(() => {})
  }
}
const input = () => page.locator(".quick-input-widget:visible input.input, .quick-input-widget:visible .quick-input-box input").first()
const row = (text) => page.locator(".quick-input-list .monaco-list-row").filter({ hasText: text }).first()
const palette = async (command) => {
  await page.keyboard.press("F1")
  await input().waitFor(LONG)
  await input().fill(`>${command}`)
  await row(command).waitFor(LONG)
  await page.keyboard.press("Enter")
}
const openAt = async (file, line, column) => {
  await page.keyboard.press("Control+p")
  await input().waitFor(LONG)
  await input().fill(file)
  await row(path.basename(file)).click(LONG)
  await page.locator(`.tab.active[aria-label^="${path.basename(file)}"]`).first().waitFor(LONG)
  await page.keyboard.press("Control+g")
  await input().waitFor(LONG)
  await input().fill(`:${line}:${column}`)
  await page.keyboard.press("Enter")
}
const line = (text) => fs.readFileSync(path.join(folder, text[0]), "utf8").split("\n").findIndex((l) => l.includes(text[1])) + 1
const tree = (text) => page.locator(".sidebar .monaco-list-row, .pane-body .monaco-list-row").filter({ hasText: text }).first()
const map = () => page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame")

await step("opens", async () => {
  await page.goto(`${server.url}/?folder=${folder}`)
  await page.locator(".monaco-workbench .part.statusbar").waitFor(LONG)
})
await step("shows the system", async () => {
  await page.locator('.activitybar .action-label[aria-label^="Seamwise"]').click(LONG)
  await tree("checkout").waitFor(LONG)
  await tree("Stores").waitFor(LONG)
  assert.match(await tree("payments").innerText(), /Go/)
})
await step("opens what passes through a service", async () => {
  await tree("checkout").locator(".monaco-tl-twistie").click()
  await tree("Uses").waitFor(LONG)
  await tree("Uses").locator(".monaco-tl-twistie").click()
  await tree("POST /payments").waitFor(LONG)
})
await step("shows findings by seam", async () => {
  await page.getByText("Findings", { exact: true }).first().waitFor(LONG)
  await page.locator(".monaco-list-row").filter({ hasText: "unknown-host" }).first().waitFor(LONG)
})
await step("has a status item", async () => {
  await page.locator(".statusbar-item").filter({ hasText: "Seamwise" }).first().waitFor(LONG)
})
await step("marks the mistyped host", async () => {
  await openAt("compose.yaml", line(["compose.yaml", "catalogs:8000"]), 20)
  await page.locator(".squiggly-warning, .squiggly-error").first().waitFor(LONG)
})
await step("lists it among the problems", async () => {
  await palette("Problems: Focus on Problems View")
  await page.locator(".markers-panel").getByText("catalogs").first().waitFor(LONG)
  await shoot("findings")
  await palette("View: Toggle Panel Visibility").catch(() => page.keyboard.press("Control+j"))
})
await step("tells at a call whom it reaches", async () => {
  await openAt("checkout/src/server.js", line(["checkout/src/server.js", "/payments'"]), 62)
  await palette("Show or Focus Hover")
  await page.locator(".monaco-hover:visible").filter({ hasText: "payments" }).first().waitFor(LONG)
  await shoot("hover")
  await page.keyboard.press("Escape")
})
await step("jumps to the handler in another language", async () => {
  await page.keyboard.press("F12")
  // There is more than one place: where it is deployed, and what answers.
  const place = (text) => page.locator(".peekview-widget .monaco-list-row").filter({ hasText: text }).first()
  await place("main.go").waitFor(LONG)
  await shoot("peek")
  await place("main.go").click()
  await place("HandleFunc").dblclick(LONG)
  await page.locator('.tab.active[aria-label^="main.go"]').first().waitFor(LONG)
  await page.locator(".codelens-decoration").first().waitFor(LONG)
  await shoot("lens")
})
await step("applies a quick fix", async () => {
  await openAt("compose.yaml", line(["compose.yaml", "catalogs:8000"]), 22)
  await page.locator(".squiggly-warning, .squiggly-error").first().waitFor(LONG)
  await page.keyboard.press("Control+.")
  const fix = page.locator(".action-widget .monaco-list-row").filter({ hasText: /catalog/ }).first()
  await fix.waitFor(LONG)
  await shoot("fix")
  await fix.click()
  await page.locator(".view-lines").getByText("http://catalog:8000").first().waitFor(LONG)
  await page.waitForFunction(() => ![...document.querySelectorAll(".view-lines")].some((e) => e.textContent.includes("catalogs:8000")), null, LONG)
  await page.keyboard.press("Control+z")
})
await step("draws the map", async () => {
  await palette("Seamwise: Open Service Map")
  await map().getByRole("button", { name: "checkout → payments" }).waitFor(LONG)
  await page.waitForTimeout(700)
  await shoot("map")
})
await step("tells what an arrow stands for, and opens its line", async () => {
  await map().getByRole("button", { name: "checkout → payments" }).click()
  await map().getByText("POST /payments").first().waitFor(LONG)
  await page.waitForTimeout(400)
  await shoot("map-arrow")
  await map().getByRole("button", { name: /server\.js:\d+/ }).first().click()
  await page.locator('.tab[aria-label^="server.js"]').first().waitFor(LONG)
})
await step("finds a service, and shows only what is near it", async () => {
  await page.locator('.tab[aria-label^="Service Map"]').first().click()
  const search = map().getByRole("combobox", { name: "Find a service, store or broker" })
  await search.fill("mailer")
  await search.press("Enter")
  await map().getByRole("button", { name: "Only what is near" }).click()
  await map().getByRole("button", { name: "Show all" }).waitFor(LONG)
  await page.waitForTimeout(400)
  await shoot("map-focus")
})
await step("asks nobody elsewhere", async () => assert.deepEqual([...elsewhere], []))

await close()
await server.stop()
for (const rest of [cache, ...(only ? [] : [folder])]) remove(rest)
console.log(failed.length ? `failed: ${failed.join("; ")}` : "all steps done")
process.exit(failed.length ? 1 : 0)
