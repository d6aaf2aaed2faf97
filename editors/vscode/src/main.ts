// Where the editor comes in.
import * as vscode from "vscode"
import * as commands from "./commands"
import * as config from "./config"
import { Ctx } from "./ctx"
import { Findings } from "./views/findings"
import { ServiceMap } from "./views/map"
import { System } from "./views/system"

let ctx: Ctx | undefined

/** What tests look at. */
export interface Exports extends commands.Views {
  ctx: Ctx
}

export async function activate(extension: vscode.ExtensionContext): Promise<Exports> {
  const it = (ctx = new Ctx(extension))
  const [system, findings] = [new System(it), new Findings(it)]
  const views = { system, findings, map: new ServiceMap(it, findings) }
  extension.subscriptions.push(system.view, findings.view)
  commands.register(it, views)
  extension.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration(config.section)) return
      if (["server", "enable"].some((key) => event.affectsConfiguration(`${config.section}.${key}`))) return it.start()
      it.configure()
      return it.changed.fire()
    }),
    vscode.workspace.onDidChangeWorkspaceFolders(() => it.start()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => it.start()),
  )
  void it.start()
  return { ctx: it, ...views }
}

export async function deactivate(): Promise<void> {
  await ctx?.stop()
}
