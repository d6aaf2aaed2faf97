// Which `seam` is started: environment, setting, the one in the extension, the one on the PATH, in this order. Nothing is
// ever downloaded. Knows nothing of the editor, so that it can be tested without one.
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"

export interface Places {
  env: NodeJS.ProcessEnv
  /** The setting; given only where the workspace is trusted. */
  setting?: string | null
  extension: string
  platform?: NodeJS.Platform
}

export interface Server {
  path: string
  /** Where it was found, for the log. */
  from: "SEAM_SERVER" | "seamwise.server.path" | "the extension" | "PATH"
}

/** The server, or why there is none. A place that is named and empty is an error: another one would be a surprise. */
export function find(places: Places): Server | string {
  const windows = (places.platform ?? process.platform) === "win32"
  const name = windows ? "seam.exe" : "seam"
  const home = places.env.HOME ?? places.env.USERPROFILE ?? ""
  for (const [given, from] of [[places.env.SEAM_SERVER, "SEAM_SERVER"], [places.setting, "seamwise.server.path"]] as const) {
    if (!given) continue
    const full = given.startsWith("~/") ? path.join(home, given.slice(2)) : given
    return runs(full) ? { path: full, from } : `${from} says \`${given}\`, and there is no program`
  }
  const bundled = path.join(places.extension, "server", name)
  if (runs(bundled)) return { path: bundled, from: "the extension" }
  for (const folder of (places.env.PATH ?? "").split(windows ? ";" : ":").filter(Boolean)) {
    const full = path.join(folder, name)
    if (runs(full)) return { path: full, from: "PATH" }
  }
  return "the program `seam` is neither in the extension nor on the PATH"
}

function runs(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile()
  } catch {
    return false
  }
}

/** What it says to `--version`; fails with what it says instead. */
export function version(server: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) =>
    execFile(server, ["--version"], { timeout: 20_000, env }, (error, out, told) =>
      error ? reject(new Error(`\`${server} --version\` fails: ${told || error.message}`)) : resolve(out.trim()),
    ),
  )
}
