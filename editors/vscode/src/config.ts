// Settings: what the server is told, and which findings views and map ask for.
import * as fs from "node:fs"
import * as path from "node:path"
import * as vscode from "vscode"
import type { detect } from "./asks"

export const section = "seamwise"
const config = () => vscode.workspace.getConfiguration(section)

export const enabled = () => config().get("enable", true)
/** Null where the workspace is not trusted: a folder must not choose what is run. */
export const serverPath = () => (vscode.workspace.isTrusted ? config().get<string | null>("server.path", null) : null)
export const extraEnv = () => (vscode.workspace.isTrusted ? config().get<Record<string, string>>("server.extraEnv", {}) : {})
export const profile = () => config().get<string | null>("profile", null)

/** For `initialize` and for every change. */
export function forServer(): object {
  const get = <T>(key: string) => config().get<T>(key)
  return {
    profile: profile() ?? undefined,
    rules: { off: get("rules.off") },
    severity: get("severity"),
    certainty: get("certainty"),
    baseline: get("baseline") ?? undefined,
    nursery: get("nursery"),
    direct: true,
    lens: get("lens"),
    hints: get("hints"),
  }
}

/** The findings that are shown, everywhere the same. */
export function findings(): detect.Request {
  const word = profile()
  return {
    profiles: word ? [word] : [],
    off: config().get("rules.off", []),
    severity: config().get("severity", "note"),
    certainty: config().get("certainty", "inferred"),
    nursery: config().get("nursery", false),
    baseline: baseline(),
  }
}

function baseline(): string[] {
  const file = config().get<string | null>("baseline", null)
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath
  if (!file || !folder) return []
  try {
    return JSON.parse(fs.readFileSync(path.resolve(folder, file), "utf8")).findings ?? []
  } catch {
    return [] // The server says what is wrong with it.
  }
}

export const set = (key: string, value: unknown) => config().update(key, value, vscode.ConfigurationTarget.Workspace)
