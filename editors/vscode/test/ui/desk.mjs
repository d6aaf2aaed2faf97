// What a person does with keyboard and pointer in a page with VS Code, and steps that say what they saw.
import path from "node:path"

export const LONG = { timeout: 45_000 }

/** Steps one after the other: one that fails leaves a picture, and the rest is still tried. */
export function journey(page, shots) {
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
      console.log(`FAIL ${name}: ${String(error).split("\n").slice(0, 6).join(" | ")}`)
      await shoot(`fail-${name.replace(/\W+/g, "-")}`).catch(() => {})
      for (let tries = 0; tries < 3; tries++) await page.keyboard.press("Escape").catch(() => {})
    }
  }
  return { step, shoot, failed }
}

export function desk(page) {
  const input = () => page.locator(".quick-input-widget:visible input.input, .quick-input-widget:visible .quick-input-box input").first()
  const row = (text) => page.locator(".quick-input-list .monaco-list-row").filter({ hasText: text }).first()
  const palette = async (command) => {
    await page.keyboard.press("F1")
    await input().waitFor(LONG)
    await input().fill(`>${command}`)
    await row(command).click(LONG)
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
    // Before it has an answer of its own to what was typed, Enter says nothing to it.
    await row(new RegExp(`line ${line}\\b`, "i")).waitFor(LONG)
    await page.keyboard.press("Enter")
    await input().waitFor({ ...LONG, state: "hidden" })
  }
  const opens = async (url) => {
    await page.goto(url)
    await page.locator(".monaco-workbench .part.statusbar").waitFor(LONG)
  }
  const side = () => page.locator('.activitybar .action-label[aria-label^="Seamwise"]').click(LONG)
  const tree = (text) => page.locator(".sidebar .monaco-list-row, .pane-body .monaco-list-row").filter({ hasText: text }).first()
  const map = () => page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame")
  const squiggle = () => page.locator(".squiggly-warning, .squiggly-error").first()
  /** Chooses one of the actions that are offered where the cursor stands. */
  const act = async (text, before) => {
    const action = page.locator(".action-widget .monaco-list-row").filter({ hasText: text }).first()
    // What is offered closes when lenses or findings change under it, as they do after an edit: then it is asked for again.
    for (let again = 0; ; again++) {
      await page.keyboard.press("Control+.")
      const seen = await action.waitFor({ timeout: 9_000 }).then(() => true, (error) => (again < 4 ? false : Promise.reject(error)))
      if (seen) break
      await page.keyboard.press("Escape")
    }
    await before?.()
    await action.click()
  }
  /** Until no line of the open editor holds the text. */
  const gone = (text) => page.waitForFunction((t) => ![...document.querySelectorAll(".view-lines")].some((e) => e.textContent.includes(t)), text, LONG)
  const reads = (text) => page.waitForFunction((t) => [...document.querySelectorAll(".view-lines")].some((e) => e.textContent.replaceAll("\u00a0", " ").includes(t)), text, LONG)
  return { input, row, palette, openAt, opens, side, tree, map, squiggle, act, gone, reads }
}

/** How far two colours of a page are apart, as WCAG counts it: 4.5 is text that can be read, 3 a line that can be seen. */
export function contrast(a, b) {
  const light = ([r, g, b]) => [r, g, b].map((c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
  const [high, low] = [light(a), light(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}
