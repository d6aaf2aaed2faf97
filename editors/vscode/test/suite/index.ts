// Tests within a real extension host, over a copy of `workspaces/bookshop` with a mistyped host. A small runner instead of a
// library: one after the other, each with a limit, and what failed is said at the end.
import * as vscode from "vscode"
import type { Exports } from "../../src/main"
import { tests } from "./tests"

export interface Its {
  it: Exports
  folder: vscode.Uri
}

const LIMIT = 90_000

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension<Exports>("seamwise.seamwise")
  if (!extension) throw new Error("the extension is not there")
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri
  if (!folder) throw new Error("no folder is open")
  const its = { it: await extension.activate(), folder }
  const failed: string[] = []
  const only = process.env.SEAM_ONLY
  const chosen = tests.filter(([name]) => !only || name.includes(only))
  for (const [name, test] of chosen) {
    const start = Date.now()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`not done in ${LIMIT / 1000} s`)), LIMIT)))
    try {
      await Promise.race([test(its), late])
      console.log(`ok   ${name} (${Date.now() - start} ms)`)
    } catch (error) {
      failed.push(name)
      console.log(`FAIL ${name}: ${(error as Error).stack ?? error}`)
    }
    clearTimeout(timer)
  }
  console.log(`${chosen.length - failed.length} of ${chosen.length} passed on VS Code ${vscode.version}`)
  if (failed.length) throw new Error(`failed: ${failed.join("; ")}`)
}
