// Starts a real VS Code that `install.sh` installed, and a browser that looks at it. All of it on loopback, in a fresh folder.
import { execFileSync, spawn } from "node:child_process"
import fs from "node:fs"
import net from "node:net"
import os from "node:os"
import path from "node:path"
import { chromium } from "playwright-core"

const SETTINGS = {
  "telemetry.telemetryLevel": "off",
  "workbench.startupEditor": "none",
  "workbench.enableExperiments": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.commandCenter.enabled": false,
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "files.autoSave": "off",
  "git.openRepositoryInParentFolders": "never",
}

export const temporary = (name) => fs.mkdtempSync(path.join(os.tmpdir(), `seamwise-${name}-`))
export const remove = (folder) => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/**
 * A server of VS Code with these extensions and settings. `tests` switches the driver on that runs `extensionTestsPath`; it
 * hides notifications, so it is off when a person's view is tried. `trust`: it is asked whether a folder's authors are trusted.
 */
export async function serve(host, { vsix = [], settings = {}, tests = false, trust = false, env = {} } = {}) {
  const [state, port] = [temporary("host"), await freePort()]
  fs.mkdirSync(path.join(state, "data/User"), { recursive: true })
  fs.mkdirSync(path.join(state, "data/Machine"), { recursive: true })
  fs.writeFileSync(path.join(state, "data/User/settings.json"), JSON.stringify({ ...SETTINGS, ...settings }))
  const common = ["--accept-server-license-terms", "--user-data-dir", `${state}/data`, "--extensions-dir", `${state}/ext`]
  const main = [fs.realpathSync(`${host}/vscode`) + "/out/server-main.js"]
  const environment = { ...process.env, EXTENSIONS_GALLERY: "{}", ...env }
  for (const name of ["VSCODE_IPC_HOOK_CLI", "CODE_SERVER_PARENT_PID"]) delete environment[name]
  for (const file of vsix) execFileSync(`${host}/node`, [...main, ...common, "--install-extension", file, "--force"], { env: environment, stdio: "pipe" })
  const log = fs.openSync(path.join(state, "server.log"), "w")
  const flags = ["--host", "127.0.0.1", "--port", `${port}`, "--without-connection-token", "--telemetry-level", "off", "--disable-telemetry", "--disable-experiments", ...(trust ? [] : ["--disable-workspace-trust"])]
  const child = spawn(`${host}/node`, [...main, ...common, ...flags, ...(tests ? ["--enable-smoke-test-driver"] : [])], { env: environment, stdio: ["ignore", log, log], detached: true })
  for (let tries = 0; ; tries++) {
    if (await fetch(`http://127.0.0.1:${port}/version`).then((r) => r.ok, () => false)) break
    if (tries > 300 || child.exitCode !== null) throw new Error(`VS Code does not start:\n${fs.readFileSync(path.join(state, "server.log"), "utf8").slice(-2000)}`)
    await sleep(100)
  }
  const stop = async () => {
    try {
      process.kill(-child.pid, "SIGTERM")
    } catch {
      // It has ended by itself.
    }
    await sleep(500)
    remove(state)
  }
  return { url: `http://127.0.0.1:${port}`, authority: `127.0.0.1:${port}`, state, stop }
}

export function findBrowser() {
  const places = [process.env.SEAM_BROWSER, "/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"]
  return places.find((place) => place && fs.existsSync(place))
}

export async function browse(size = { width: 1400, height: 900 }) {
  const profile = temporary("profile")
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
  const context = await chromium.launchPersistentContext(profile, { executablePath: findBrowser(), headless: true, viewport: size, args })
  const page = context.pages()[0] ?? (await context.newPage())
  const close = async () => {
    await context.close()
    remove(profile)
  }
  return { page, context, close }
}

/** The extension as it is shipped: without a program, or with this one. Packaging bundles anew, and the other tests need theirs again. */
export function packaged(seam) {
  const extension = path.resolve(import.meta.dirname, "../..")
  const out = path.join(temporary("vsix"), "seamwise.vsix")
  const run = (...args) => execFileSync("node", args, { cwd: extension, stdio: "pipe", env: { ...process.env, SEAM_VSIX: out } })
  run("package.mjs", ...(seam ? ["linux-x64", path.resolve(seam)] : []))
  run("build.mjs")
  return out
}

/** A copy of one of our workspaces in which a host is mistyped: something that can be fixed. */
export function workspace(repository) {
  const folder = temporary("bookshop")
  fs.cpSync(path.join(repository, "workspaces/bookshop"), folder, { recursive: true })
  const compose = path.join(folder, "compose.yaml")
  fs.writeFileSync(compose, fs.readFileSync(compose, "utf8").replace("http://catalog:8000", "http://catalogs:8000"))
  return folder
}
