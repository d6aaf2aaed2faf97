// drive.mjs HOST SEAM SHOTS   goes through the packaged extension as a person does, in a browser, and takes pictures on the way.
//
// The packaged extension is installed, not the folder: what is tried is what is shipped; here the one without a program.
import assert from "node:assert/strict"
import fs from "node:fs"
import path from "node:path"
import { browse, packaged, remove, serve, temporary, workspace } from "../host/host.mjs"
import { contrast, desk, journey, LONG } from "./desk.mjs"

const [host, seam, shots] = process.argv.slice(2)
const extension = path.resolve(import.meta.dirname, "../..")
fs.mkdirSync(shots, { recursive: true })
const only = process.env.SEAM_FOLDER
const folder = only ?? workspace(path.resolve(extension, "../.."))
const cache = temporary("cache")
// A setting of the user does not reach a machine that is looked at from afar; the workspace's do, and the environment.
const theme = (name) => {
  fs.mkdirSync(path.join(folder, ".vscode"), { recursive: true })
  fs.writeFileSync(path.join(folder, ".vscode/settings.json"), JSON.stringify({ "workbench.colorTheme": name }))
}
theme("Default Dark Modern")
const server = await serve(host, { vsix: [packaged()], env: { SEAM_CACHE: cache, SEAM_SERVER: path.resolve(seam) } })
const { page, context, close } = await browse()
const elsewhere = new Set()
await context.route("**/*", (route) => {
  const { hostname, protocol } = new URL(route.request().url())
  if (!["127.0.0.1", "localhost", ""].includes(hostname) && !hostname.endsWith(".localhost") && protocol.startsWith("http")) elsewhere.add(hostname)
  return route.continue()
})
const { step, shoot, failed } = journey(page, shots)
const { input, palette, openAt, opens, side, tree, map, squiggle, act, gone, reads } = desk(page)
const line = (file, text) => fs.readFileSync(path.join(folder, file), "utf8").split("\n").findIndex((l) => l.includes(text)) + 1

await step("opens", () => opens(`${server.url}/?folder=${folder}`))
await step("shows the system", async () => {
  await side()
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
await step("has a status item", () => page.locator(".statusbar-item").filter({ hasText: "Seamwise" }).first().waitFor(LONG))
await step("marks the mistyped host", async () => {
  await openAt("compose.yaml", line("compose.yaml", "catalogs:8000"), 20)
  await squiggle().waitFor(LONG)
})
await step("lists it among the problems", async () => {
  await palette("Problems: Focus on Problems View")
  await page.locator(".markers-panel").getByText("catalogs").first().waitFor(LONG)
  await shoot("findings")
  await palette("View: Toggle Panel Visibility").catch(() => page.keyboard.press("Control+j"))
})
await step("tells at a call whom it reaches", async () => {
  await openAt("checkout/src/server.js", line("checkout/src/server.js", "/payments'"), 62)
  await palette("Show or Focus Hover")
  await page.locator(".monaco-hover:visible").filter({ hasText: "payments" }).first().waitFor(LONG)
  await shoot("hover")
  await page.keyboard.press("Escape")
})
await step("jumps to the handler in another language", async () => {
  await openAt("checkout/src/server.js", line("checkout/src/server.js", "/payments'"), 62)
  await page.keyboard.press("F12")
  await page.locator('.tab.active[aria-label^="main.go"]').first().waitFor(LONG)
  await page.locator(".codelens-decoration").first().waitFor(LONG)
  await reads("HandleFunc")
  await shoot("lens")
})
await step("goes back from the handler to its callers", async () => {
  await openAt("payments/main.go", line("payments/main.go", "HandleFunc"), 18)
  await page.keyboard.press("Shift+F12")
  await page.locator(".peekview-widget, .tab.active[aria-label^='server.js']").first().waitFor(LONG)
  if (await page.locator(".peekview-widget").isVisible()) {
    await page.locator(".peekview-widget .monaco-list-row").filter({ hasText: "server.js" }).first().waitFor(LONG)
    await shoot("peek")
    await page.keyboard.press("Escape")
  }
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
/** The colours of the map's page, and how many pixels of the picture can be told from its ground. */
const colours = () => map().locator("body").evaluate((body) => {
  const rgb = (colour) => {
    const pixel = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d")
    pixel.fillStyle = colour
    pixel.fillRect(0, 0, 1, 1)
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3)
  }
  const style = getComputedStyle(body)
  const told = (name) => rgb(style.getPropertyValue(`--vscode-${name}`).trim() || "transparent")
  const shown = new Map()
  for (const canvas of document.querySelectorAll("#stage canvas")) {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) {
      const colour = `${data[i]},${data[i + 1]},${data[i + 2]}`
      shown.set(colour, (shown.get(colour) ?? 0) + 1)
    }
  }
  return { theme: body.dataset.vscodeThemeKind ?? body.className, ink: rgb(style.color), paper: rgb(style.backgroundColor), told: { ink: told("foreground"), paper: told("editor-background") }, shown: [...shown].map(([c, n]) => [c.split(",").map(Number), n]) }
})
for (const [name, kind, shot] of [["Default Light Modern", "vscode-light", "map-light"], ["Default High Contrast", "vscode-high-contrast", "map-contrast"], ["Default High Contrast Light", "vscode-high-contrast-light", "map-contrast-light"], ["Default Dark Modern", "vscode-dark", "map-dark"]]) {
  await step(`follows ${name}`, async () => {
    theme(name)
    await map().locator(`body[data-vscode-theme-kind="${kind}"]`).waitFor(LONG)
    await page.waitForTimeout(500)
    const { ink, paper, told, shown } = await colours()
    await shoot(shot)
    assert.deepEqual([ink, paper], [told.ink, told.paper], "colours are the theme's")
    assert.ok(contrast(ink, paper) > 4.5, `text ${ink} on ${paper}`)
    const seen = shown.filter(([colour]) => contrast(colour, paper) > 3).reduce((sum, [, n]) => sum + n, 0)
    assert.ok(seen > 300, `only ${seen} pixels of the picture can be told from ${paper}`)
  })
}
await step("shows the same map when the window is loaded again", async () => {
  await page.evaluate(() => (window.before = true))
  await palette("Developer: Reload Window")
  await page.waitForFunction(() => !window.before && document.querySelector(".monaco-workbench .part.statusbar"), null, LONG)
  await map().getByRole("button", { name: "Show all" }).waitFor(LONG)
  await map().getByRole("heading", { name: "mailer" }).waitFor(LONG)
  await page.waitForTimeout(400)
  await shoot("map-again")
})
await step("applies a quick fix", async () => {
  await openAt("compose.yaml", line("compose.yaml", "catalogs:8000"), 22)
  await squiggle().waitFor(LONG)
  await act(/catalog/, () => shoot("fix"))
  await reads("http://catalog:8000")
  await gone("catalogs:8000")
  await palette("File: Save")
  // The finding goes from the tree too, not only from the text.
  await page.locator(".monaco-list-row").filter({ hasText: "unknown-host" }).first().waitFor({ ...LONG, state: "hidden" })
  await page.locator(".tab.active.dirty").waitFor({ ...LONG, state: "hidden" })
  assert.match(fs.readFileSync(path.join(folder, "compose.yaml"), "utf8"), /CATALOG_URL: http:\/\/catalog:8000/)
})
await step("accepts a finding with a reason", async () => {
  await openAt("compose.yaml", line("compose.yaml", "LEGACY_URL"), 12)
  await squiggle().waitFor(LONG)
  await act(/Accept unread-setting here/)
  await input().waitFor(LONG)
  await input().fill("kept until the old mailer is gone")
  await shoot("allow")
  await page.keyboard.press("Enter")
  await reads("# seam: allow(unread-setting) kept until the old mailer is gone")
  await squiggle().waitFor({ ...LONG, state: "hidden" })
  await palette("File: Save")
  await page.locator(".monaco-list-row").filter({ hasText: "unread-setting" }).first().waitFor({ ...LONG, state: "hidden" })
})
await step("asks nobody elsewhere", async () => assert.deepEqual([...elsewhere], []))

await close()
await server.stop()
for (const rest of [cache, ...(only ? [] : [folder])]) remove(rest)
console.log(failed.length ? `failed: ${failed.join("; ")}` : "all steps done")
process.exit(failed.length ? 1 : 0)
