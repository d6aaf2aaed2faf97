// What can be chosen from palette, menus, lenses and quick fixes.
import * as vscode from "vscode"
import * as config from "./config"
import type { Ctx } from "./ctx"
import type { Findings } from "./views/findings"
import type { ServiceMap } from "./views/map"
import { at, count, dots, type Entry, type Place } from "./views/nodes"
import type { System } from "./views/system"

export type Views = { system: System; findings: Findings; map: ServiceMap }

type Target = Entry | string | undefined
type Choice = vscode.QuickPickItem & { at?: Place | undefined; name?: string; picked?: boolean }

export function register(ctx: Ctx, { system, findings, map }: Views): void {
  const command = (name: string, run: (...args: any[]) => unknown) =>
    ctx.extension.subscriptions.push(
      vscode.commands.registerCommand(`seamwise.${name}`, async (...args) => {
        try {
          return await run(...args)
        } catch (error) {
          ctx.log.error(`${name}: ${error}`)
          void vscode.window.showErrorMessage(`Seamwise: ${(error as Error).message}`)
        }
      }),
    )
  const subject = async (target: Target, placeHolder: string) => (typeof target === "string" ? target : target?.subject ?? pickNode(ctx, placeHolder))

  const plain = { restart: () => ctx.start(), stop: () => ctx.stop(), log: () => ctx.log.show(), refresh: () => ctx.changed.fire(), filter, verify: () => vscode.tasks.executeTask(task(ctx, { type: "seamwise", command: "verify" })) }
  Object.entries(plain).forEach(([name, run]) => command(name, run))
  command("version", async () => {
    if (ctx.server || (await ctx.locate())) await vscode.window.showInformationMessage(`${ctx.version}, from ${ctx.server?.from}: ${ctx.server?.path}`)
  })
  command("map", (focus?: string) => map.show(focus))
  command("focus", (target: Target) => subject(target, "Show on the map").then((name) => name && map.show(name)))
  command("exportMap", (format?: string, to?: vscode.Uri) => exportMap(ctx, map, format, to))
  command("reveal", (entry: Entry) => entry.at && ctx.open(entry.at.path, entry.at.line))
  command("revealNode", (name: string) => system.reveal(name))
  command("showPlaces", (title: string, from: Place, places: (Place & { says: string })[]) => showPlaces(ctx, title, from, places))
  command("search", async () => {
    const picked = await vscode.window.showQuickPick(everything(ctx), { placeHolder: "A service, store, route or setting", matchOnDescription: true })
    await (picked?.name ? system.reveal(picked.name) : picked?.at && ctx.open(picked.at.path, picked.at.line))
  })
  command("narrow", async () => {
    const text = await vscode.window.showInputBox({ prompt: "Only services, stores and brokers whose name, language or product contains" })
    if (text !== undefined) system.narrow(text)
  })
  command("dependents", async (target: Target) => {
    const name = await subject(target, "Who depends on …")
    const answer = name && (await ctx.ask("map", { service: name, profile: config.profile() }))
    if (!answer) return
    const choices: Choice[] = answer.interactions.filter((i) => i.to === name && i.from !== name).flatMap((i) =>
      i.operations.map((o) => ({ label: i.from, description: dots(i.kind, o.operation), detail: at(o.at), at: o.at })))
    const placeHolder = choices.length ? `${count(new Set(choices.map((c) => c.label)).size, "service")} directly on ${name}` : `nothing is proven to depend on ${name}`
    const picked = await vscode.window.showQuickPick(choices, { placeHolder, matchOnDescription: true, matchOnDetail: true })
    if (picked?.at) await ctx.open(picked.at.path, picked.at.line)
  })
  command("explain", async (target: Target) => {
    const given = typeof target === "string" ? target : target?.what === "finding" ? target.subject?.split("/")[1] : target?.subject
    const what = given ?? (await vscode.window.showInputBox({ prompt: "A rule, service, or key", value: "rules" }))
    if (what) await preview(what)
  })
  command("impact", () => preview(UNSAVED))
  command("allow", async (target: Target, given?: string) => {
    const key = typeof target === "string" ? target : target?.subject
    const reason = given ?? (await vscode.window.showInputBox({ prompt: "Why is it acceptable? The reason stands in the code, for those who come after you.", placeHolder: "the job runs once a day and may wait" }))
    if (key && reason) await ctx.execute("seam.allow", key, reason)
  })
  const pages = vscode.workspace.registerTextDocumentContentProvider("seamwise", { provideTextDocumentContent: ({ query }) => page(ctx, query), onDidChange: (tell) => ctx.changed.event(() => tell(shown(UNSAVED))) })
  const tasks = vscode.tasks.registerTaskProvider("seamwise", {
    provideTasks: () => (ctx.server ? ["detect", "verify"].map((command) => task(ctx, { type: "seamwise", command })) : []),
    resolveTask: ({ definition }) => (ctx.server ? task(ctx, definition) : undefined),
  })
  const servers = vscode.lm.registerMcpServerDefinitionProvider("seamwise.mcp", {
    provideMcpServerDefinitions: async () => {
      const server = ctx.server ?? (await ctx.locate())
      if (!server || !folders().length) return []
      return [new vscode.McpStdioServerDefinition("Seamwise", server.path, ["mcp", ...folders()], config.extraEnv(), ctx.version)]
    },
  })
  ctx.extension.subscriptions.push(pages, tasks, servers, ctx.changed.event(() => (system.tree.refresh(), findings.refresh())))
}

const folders = () => (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath)

async function pickNode(ctx: Ctx, placeHolder: string): Promise<string | undefined> {
  const rows = (await ctx.ask("services", {}))?.services ?? []
  return (await vscode.window.showQuickPick(rows.map((r) => ({ label: r.name, description: dots(r.kind, r.system, ...r.languages) })), { placeHolder }))?.label
}

async function everything(ctx: Ctx): Promise<Choice[]> {
  const map = await ctx.ask("map", { profile: config.profile() })
  return [
    ...(map?.nodes ?? []).map((n): Choice => ({ label: `$(symbol-method) ${n.name}`, description: dots(n.kind, n.system, ...n.languages), name: n.name })),
    ...(map?.endpoints ?? []).map((e): Choice => ({ label: `$(symbol-interface) ${[e.method, e.path].filter(Boolean).join(" ")}`, description: e.service, at: e.evidence[0] })),
    ...(map?.settings ?? []).map((s): Choice => ({ label: `$(symbol-constant) ${s.key}`, description: dots(s.service, s.value), at: s.at })),
  ]
}

/** Writes settings, so that Problems, views and map show the same. */
async function filter(): Promise<void> {
  const { severity, certainty, nursery } = config.findings()
  const item = (label: string, key: string, value: unknown, now: unknown) => ({ label, key, value, picked: value === now, description: value === now ? "now" : "" })
  const picked = await vscode.window.showQuickPick([
    item("$(info) Errors, warnings and notes", "severity", "note", severity),
    item("$(warning) Errors and warnings", "severity", "warning", severity),
    item("$(error) Errors only", "severity", "error", severity),
    item("$(question) Inferred ones too", "certainty", "inferred", certainty),
    item("$(verified) Only what is stated", "certainty", "stated", certainty),
    item(nursery ? "$(beaker) Without the nursery's rules" : "$(beaker) The nursery's rules too", "nursery", !nursery, undefined),
  ], { placeHolder: "Which findings are shown" })
  if (picked) await config.set(picked.key, picked.value)
}

async function showPlaces(ctx: Ctx, title: string, from: Place, places: (Place & { says: string })[]): Promise<void> {
  const location = (p: Place) => new vscode.Location(ctx.uri(p.path), new vscode.Position(p.line - 1, 0))
  if (places.length === 1 && places[0]) return ctx.open(places[0].path, places[0].line)
  const start = location(from)
  ctx.log.debug(title)
  await vscode.commands.executeCommand("editor.action.peekLocations", start.uri, start.range.start, places.map(location), "peek")
}

/** The server draws what is seen; only pixels come from the page. */
async function exportMap(ctx: Ctx, map: ServiceMap, format?: string, to?: vscode.Uri): Promise<void> {
  const formats = { svg: "SVG", png: "PNG", mermaid: "Mermaid", dot: "Graphviz", html: "HTML of the whole map, to click through" }
  format ??= (await vscode.window.showQuickPick(Object.entries(formats).map(([format, label]) => ({ label, format })), { placeHolder: "Format" }))?.format
  if (!format) return
  const ending = format === "mermaid" ? "mmd" : format
  to ??= await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(vscode.Uri.file(folders()[0] ?? "/"), `map.${ending}`), filters: { [format]: [ending] } })
  if (!to) return
  await vscode.workspace.fs.writeFile(to, format === "png" ? await map.image() : Buffer.from(await ctx.picture(format, map.request())))
  void vscode.window.showInformationMessage(`The map is in ${to.fsPath}`)
}

/** Not a key: the page of what the open documents would change. */
const UNSAVED = "what is not saved"
const shown = (what: string) => vscode.Uri.from({ scheme: "seamwise", path: `/${what.replaceAll("/", " ")}.md`, query: what })
const preview = (what: string) => vscode.commands.executeCommand("markdown.showPreview", shown(what))

async function page(ctx: Ctx, what: string): Promise<string> {
  if (what === UNSAVED) return ctx.picture("plan", {})
  const answer = await ctx.ask("explain", { what, profile: config.profile() }).catch((error: Error) => error.message)
  if (!answer || typeof answer === "string") return answer ?? "The server is not running."
  const because = answer.because.map((b) => `- [${at(b.at)}](${ctx.uri(b.at.path)}#L${b.at.line}): ${b.at.says}`)
  return answer.page ?? `# ${answer.key}\n\n${because.join("\n")}\n`
}

function task(ctx: Ctx, definition: vscode.TaskDefinition): vscode.Task {
  const args = definition.command === "verify" ? ["verify", ...folders().slice(0, 1)] : ["detect", ...folders(), "--format", "short"]
  const run = new vscode.ProcessExecution(ctx.server?.path ?? "seam", [...args, ...(definition.args ?? [])])
  return new vscode.Task(definition, vscode.TaskScope.Workspace, definition.command ?? "detect", "seamwise", run, "$seamwise")
}
