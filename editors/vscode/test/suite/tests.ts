// What the extension can do. Nothing here depends on how fast it is.
import * as assert from "node:assert/strict"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as vscode from "vscode"
import type { Entry, Tree } from "../../src/views/nodes"
import type { Its } from "./index"

/** Tries until it is true; the last failure is what is told. */
async function eventually<T>(what: () => Promise<T> | T, limit = 60_000): Promise<T> {
  const end = Date.now() + limit
  for (;;) {
    try {
      return await what()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((done) => setTimeout(done, 150))
    }
  }
}

const running = ({ it }: Its) => eventually(() => assert.equal(it.ctx.state, "running"))
const open = async ({ folder }: Its, file: string) => vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder, file))
const place = (document: vscode.TextDocument, text: string) => {
  const at = document.getText().indexOf(text)
  assert.ok(at >= 0, `no ${text} in ${document.uri.path}`)
  return document.positionAt(at + Math.floor(text.length / 2))
}
const at = async (tree: Tree, ...labels: string[]): Promise<Entry> => {
  let [entry, among]: [Entry | undefined, Entry[]] = [undefined, await tree.getChildren()]
  for (const label of labels) {
    entry = among.find((e) => e.label === label || e.label.includes(label))
    assert.ok(entry, `no ${label} in ${among.map((e) => e.label).join(", ")}`)
    among = entry.below ? await tree.getChildren(entry) : []
  }
  return entry!
}
const labels = async (tree: Tree, entry?: Entry) => (await tree.getChildren(entry)).map((e) => e.label)
const ours = (uri: vscode.Uri) => vscode.languages.getDiagnostics(uri).filter((d) => d.source === "seamwise")
const rule = (d: vscode.Diagnostic) => (typeof d.code === "object" ? d.code.value : d.code)
const compose = ({ folder }: Its) => vscode.Uri.joinPath(folder, "compose.yaml")
const unknownHost = (its: Its) => eventually(() => ours(compose(its)).find((d) => rule(d) === "unknown-host") ?? assert.fail(`only ${ours(compose(its)).map(rule)}`))
const endsWith = (uri: vscode.Uri, file: string) => uri.path.endsWith(`/${file}`)
const setting = async (key: string, value: unknown, during: () => Promise<unknown>) => {
  const config = () => vscode.workspace.getConfiguration("seamwise")
  await config().update(key, value, vscode.ConfigurationTarget.Workspace)
  try {
    await during()
  } finally {
    await config().update(key, undefined, vscode.ConfigurationTarget.Workspace)
  }
}
const found = async ({ it }: Its) => (await Promise.all((await it.findings.tree.getChildren()).map((e) => it.findings.tree.getChildren(e)))).flat()
const rules = async (its: Its) => (await found(its)).map((e) => e.description?.split(" · ")[0])
const temporary = (name: string) => vscode.Uri.file(path.join(fs.mkdtempSync(path.join(os.tmpdir(), "seamwise-export-")), name))

export const tests: [name: string, test: (its: Its) => Promise<unknown>][] = [
  ["starts the server that the environment names", async (its) => {
    await running(its)
    assert.equal(its.it.ctx.server?.from, "SEAM_SERVER")
    assert.match(its.it.ctx.version, /^seam \d/)
  }],
  ["says how the server is", async ({ it }) => {
    const status = await eventually(() => (it.ctx.status && !it.ctx.status.indexing ? it.ctx.status : assert.fail("no status")))
    assert.ok(status.files >= 15 && status.services >= 4, JSON.stringify(status))
    assert.equal(status.health, "ok")
    assert.match(it.ctx.item.text, /Seamwise/)
    assert.match((it.ctx.item.tooltip as vscode.MarkdownString).value, /services/)
  }],
  ["has every command that it offers", async () => {
    const there = new Set(await vscode.commands.getCommands(true))
    const { contributes } = vscode.extensions.getExtension("seamwise.seamwise")!.packageJSON
    for (const { command } of contributes.commands) assert.ok(there.has(command), command)
  }],
  ["asks questions and gets typed answers", async ({ it }) => {
    const answer = await it.ctx.ask("services", {})
    assert.deepEqual(answer?.services.find((s) => s.name === "checkout")?.languages, ["JavaScript"])
  }],
  ["passes refusals on", async ({ it }) => {
    await assert.rejects(async () => it.ctx.ask("map", { service: "nobody" }), /nobody/)
  }],
  ["lists services, stores, brokers and what is outside", async ({ it }) => {
    assert.deepEqual(await labels(it.system.tree), ["Services", "Stores", "Brokers", "Outside"])
    assert.deepEqual((await labels(it.system.tree, await at(it.system.tree, "Services"))).sort(), ["catalog", "checkout", "gateway", "mailer", "payments"])
  }],
  ["says of a service what it is and what is wrong with it", async ({ it }) => {
    const entry = await at(it.system.tree, "Services", "checkout")
    assert.match(entry.description ?? "", /^1 error · 1 warning · JavaScript · 1 endpoint · ← 1 · → \d$/)
    assert.equal((entry.icon as vscode.ThemeIcon).color?.id.startsWith("list."), true)
  }],
  ["fills in routes, calls and settings when a service is opened", async ({ it }) => {
    const checkout = await at(it.system.tree, "Services", "checkout")
    const below = await labels(it.system.tree, checkout)
    for (const label of ["Declared", "Serves", "Uses", "Used by", "Settings"]) assert.ok(below.includes(label), `${below}`)
    const call = await at(it.system.tree, "Services", "checkout", "Uses", "payments")
    assert.match(call.description ?? "", /http · POST \/payments/)
  }],
  ["leads from a route to its line", async (its) => {
    const route = await at(its.it.system.tree, "Services", "payments", "Serves", "/payments")
    await vscode.commands.executeCommand("seamwise.reveal", route)
    const editor = vscode.window.activeTextEditor
    assert.ok(editor && endsWith(editor.document.uri, "payments/main.go"))
    assert.match(editor.document.lineAt(editor.selection.start.line).text, /\/payments/)
  }],
  ["narrows the system to what is looked for", async ({ it }) => {
    it.system.narrow("python")
    assert.deepEqual((await labels(it.system.tree, await at(it.system.tree, "Services"))).sort(), ["catalog", "mailer"])
    it.system.narrow("")
    assert.equal((await labels(it.system.tree, await at(it.system.tree, "Services"))).length, 5)
  }],
  ["reveals a service in the tree", async ({ it }) => {
    await vscode.commands.executeCommand("seamwise.system.focus")
    await it.system.reveal("payments")
    await eventually(() => assert.equal(it.system.view.selection[0]?.label, "payments"))
  }],
  ["groups findings by seam", async (its) => {
    await eventually(async () => assert.ok((await rules(its)).includes("unknown-host")))
    assert.ok((await labels(its.it.findings.tree)).some((l) => l === "checkout" || l.startsWith("checkout →")), `${await labels(its.it.findings.tree)}`)
  }],
  ["shows the chain, the reason and the help of a finding", async (its) => {
    const finding = (await found(its)).find((e) => e.description?.startsWith("unread-setting"))
    assert.ok(finding?.at && finding.at.path === "compose.yaml")
    const below = await its.it.findings.tree.getChildren(finding)
    assert.ok(below[0]?.at && below[0].description?.startsWith("compose.yaml:"), JSON.stringify(below[0]))
    assert.ok(below.some((e) => e.label.includes("changes nothing")) && below.some((e) => e.label.includes("remove")))
  }],
  ["counts findings on the view", async ({ it }) => {
    await it.findings.tree.getChildren()
    assert.ok((it.findings.view.badge?.value ?? 0) >= 2)
  }],
  ["shows less when less is wanted", async (its) => {
    await setting("severity", "error", () => eventually(async () => assert.ok(!(await rules(its)).includes("unread-setting"))))
    await eventually(async () => assert.ok((await rules(its)).includes("unread-setting")))
  }],
  ["leaves out rules that are off, in views and problems", async (its) => {
    await unknownHost(its)
    await setting("rules.off", ["unread-setting"], async () => {
      await eventually(async () => assert.ok(!(await rules(its)).includes("unread-setting")))
      await eventually(() => assert.ok(!ours(compose(its)).some((d) => rule(d) === "unread-setting")))
    })
    await eventually(() => assert.ok(ours(compose(its)).some((d) => rule(d) === "unread-setting")))
  }],
  ["leaves out what is in the baseline", async (its) => {
    const key = (await found(its)).find((e) => e.description?.startsWith("unread-setting"))?.subject
    const file = vscode.Uri.joinPath(its.folder, "seam-baseline.json")
    await vscode.workspace.fs.writeFile(file, Buffer.from(JSON.stringify({ version: 1, findings: [key] })))
    await setting("baseline", "seam-baseline.json", async () => {
      await eventually(async () => assert.ok(!(await rules(its)).includes("unread-setting")))
      await eventually(() => assert.match(its.it.findings.view.message ?? "", /1 in the baseline/))
    })
  }],
  ["puts findings into Problems with their chain", async (its) => {
    const problem = await unknownHost(its)
    assert.match(problem.message, /catalogs/)
    assert.ok(typeof problem.code === "object" && problem.code.target, "a link to the rule")
    assert.ok(problem.relatedInformation?.length, "related places")
  }],
  ["follows edits that are not saved", async (its) => {
    await unknownHost(its)
    const document = await open(its, "compose.yaml")
    const start = document.positionAt(document.getText().indexOf("catalogs:8000"))
    const edit = new vscode.WorkspaceEdit()
    edit.replace(document.uri, new vscode.Range(start, start.translate(0, "catalogs".length)), "catalog")
    await vscode.workspace.applyEdit(edit)
    assert.ok(document.isDirty)
    await eventually(() => assert.ok(!ours(document.uri).some((d) => rule(d) === "unknown-host")))
    await vscode.window.showTextDocument(document)
    await vscode.commands.executeCommand("workbench.action.files.revert")
    await unknownHost(its)
  }],
  ["tells at a call whom it reaches", async (its) => {
    const document = await open(its, "checkout/src/server.js")
    const hovers = await eventually(async () => {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", document.uri, place(document, "'/payments'"))
      const text = hovers.flatMap((h) => h.contents).map((c) => (typeof c === "string" ? c : c.value)).join("\n")
      assert.match(text, /payments/)
      return text
    })
    assert.match(hovers, /POST/)
  }],
  ["goes from a call to the handler in another language", async (its) => {
    const document = await open(its, "checkout/src/server.js")
    const targets = await eventually(async () => {
      const found = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>("vscode.executeDefinitionProvider", document.uri, place(document, "'/payments'"))
      assert.ok(found.length)
      return found
    })
    assert.ok(targets.some((t) => endsWith("targetUri" in t ? t.targetUri : t.uri, "payments/main.go")))
  }],
  ["finds those who call a handler from another language", async (its) => {
    const document = await open(its, "payments/main.go")
    const references = await eventually(async () => {
      const found = await vscode.commands.executeCommand<vscode.Location[]>("vscode.executeReferenceProvider", document.uri, place(document, '"/payments"'))
      assert.ok(found.length)
      return found
    })
    assert.ok(references.some((r) => endsWith(r.uri, "checkout/src/server.js")))
  }],
  ["shows above a handler who calls it", async (its) => {
    const document = await open(its, "payments/main.go")
    const lenses = await eventually(async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", document.uri, 50)
      assert.ok(found.some((l) => l.command?.title.includes("checkout") || l.command?.title.includes("1 service")), JSON.stringify(found.map((l) => l.command?.title)))
      return found
    })
    assert.ok(lenses.some((l) => l.command?.command === "seamwise.showPlaces"))
  }],
  ["tells above an unsaved change whom it breaks, and on a page", async (its) => {
    const document = await open(its, "catalog/main.py")
    await vscode.window.showTextDocument(document)
    const edit = new vscode.WorkspaceEdit()
    const start = document.positionAt(document.getText().indexOf("/books/{isbn}"))
    edit.replace(document.uri, new vscode.Range(start, start.translate(0, "/books".length)), "/titles")
    await vscode.workspace.applyEdit(edit)
    await eventually(async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", document.uri, 50)
      assert.ok(found.some((l) => l.command?.command === "seamwise.impact" && l.command.title.includes("breaks checkout")), JSON.stringify(found.map((l) => l.command?.title)))
    })
    const page = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: "seamwise", path: "/what is not saved.md", query: "what is not saved" }))
    await eventually(() => assert.match(page.getText(), /1 breaking[^]*checkout/))
    await vscode.commands.executeCommand("seamwise.impact")
    await vscode.window.showTextDocument(document)
    await vscode.commands.executeCommand("workbench.action.files.revert")
    await eventually(() => assert.match(page.getText(), /Every open document is saved/))
  }],
  ["opens the places that a lens stands for", async (its) => {
    const [from, to] = [{ path: "payments/main.go", line: 37 }, { path: "checkout/src/server.js", line: 20, says: "calls" }]
    await vscode.commands.executeCommand("seamwise.showPlaces", "called by 1 service", from, [to])
    assert.ok(endsWith(vscode.window.activeTextEditor!.document.uri, "checkout/src/server.js"))
    assert.equal(vscode.window.activeTextEditor!.selection.start.line, 19)
    void its
  }],
  ["finds routes and services among symbols", async () => {
    await eventually(async () => {
      const found = await vscode.commands.executeCommand<vscode.SymbolInformation[]>("vscode.executeWorkspaceSymbolProvider", "payments")
      assert.ok(found.some((s) => endsWith(s.location.uri, "payments/main.go")), JSON.stringify(found.map((s) => s.name)))
    })
  }],
  ["offers the fix of a mistyped host, and the finding goes", async (its) => {
    const problem = await unknownHost(its)
    const document = await open(its, "compose.yaml")
    await vscode.window.showTextDocument(document)
    const actions = await eventually(async () => {
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>("vscode.executeCodeActionProvider", document.uri, problem.range, vscode.CodeActionKind.QuickFix.value)
      assert.ok(actions.some((a) => a.edit), JSON.stringify(actions.map((a) => a.title)))
      return actions
    })
    assert.ok(actions.some((a) => a.command?.command === "seamwise.allow") && actions.some((a) => a.command?.command === "seamwise.explain"), JSON.stringify(actions.map((a) => a.title)))
    await vscode.workspace.applyEdit(actions.find((a) => a.edit)!.edit!)
    assert.match(document.getText(), /CATALOG_URL: http:\/\/catalog:8000/)
    await eventually(() => assert.ok(!ours(document.uri).some((d) => rule(d) === "unknown-host")))
    await vscode.commands.executeCommand("workbench.action.files.revert")
    await unknownHost(its)
  }],
  ["accepts a finding with a reason in the code", async (its) => {
    const finding = (await found(its)).find((e) => e.description?.startsWith("unread-setting"))
    await vscode.commands.executeCommand("seamwise.allow", finding, "kept for the old mailer")
    const document = await open(its, "compose.yaml")
    await eventually(() => assert.match(document.getText(), /seam: allow\(unread-setting\) kept for the old mailer/))
    await eventually(async () => assert.ok(!(await rules(its)).includes("unread-setting")))
    await vscode.window.showTextDocument(document)
    await vscode.commands.executeCommand("workbench.action.files.revert")
    await eventually(async () => assert.ok((await rules(its)).includes("unread-setting")))
  }],
  ["explains rules and services as pages", async () => {
    const page = async (query: string) => (await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: "seamwise", path: "/page.md", query }))).getText()
    assert.match(await page("unread-setting"), /^# unread-setting/)
    assert.match(await page("checkout"), /^# service\/checkout[^]*compose\.yaml/)
    assert.match(await page("nobody"), /nobody/)
  }],
  ["draws the map", async ({ it }) => {
    await vscode.commands.executeCommand("seamwise.map")
    const drawn = await eventually(() => it.map.drawn ?? assert.fail("nothing was drawn"))
    assert.ok(drawn.boxes.length >= 8 && drawn.lines.some((l) => l.from === "checkout" && l.to === "payments"))
  }],
  ["draws what is near one service", async ({ it }) => {
    await vscode.commands.executeCommand("seamwise.focus", "mailer")
    await eventually(() => assert.deepEqual(it.map.drawn?.boxes.map((b) => b.name).sort(), ["mailer", "queue"]))
  }],
  ["exports the map as text and as a picture", async ({ it }) => {
    await vscode.commands.executeCommand("seamwise.focus", "mailer")
    await eventually(() => assert.equal(it.map.drawn?.boxes.length, 2))
    const [mermaid, svg, png] = [temporary("map.mmd"), temporary("map.svg"), temporary("map.png")]
    await vscode.commands.executeCommand("seamwise.exportMap", "mermaid", mermaid)
    assert.match(fs.readFileSync(mermaid.fsPath, "utf8"), /^flowchart[^]*mailer/)
    await vscode.commands.executeCommand("seamwise.exportMap", "svg", svg)
    assert.match(fs.readFileSync(svg.fsPath, "utf8"), /^<svg[^]*mailer/)
    await vscode.commands.executeCommand("seamwise.exportMap", "png", png)
    assert.deepEqual([...fs.readFileSync(png.fsPath).subarray(1, 4)].map((c) => String.fromCharCode(c)).join(""), "PNG")
    // What is exported is what is seen: here only what is near one service.
    assert.doesNotMatch(fs.readFileSync(mermaid.fsPath, "utf8"), /catalog-db/)
    it.map.panel?.dispose()
    await eventually(() => assert.equal(it.map.panel, undefined))
  }],
  ["offers a task whose findings are matched", async (its) => {
    const tasks = await vscode.tasks.fetchTasks({ type: "seamwise" })
    assert.equal(tasks[0]?.name, "detect")
    assert.deepEqual(tasks[0]?.problemMatchers, ["$seamwise"])
    const ended = new Promise<number | undefined>((resolve) => {
      const listener = vscode.tasks.onDidEndTaskProcess((e) => e.execution.task.name === "detect" && (listener.dispose(), resolve(e.exitCode)))
    })
    await vscode.tasks.executeTask(tasks[0]!)
    assert.equal(await ended, 1, "there are findings")
    await eventually(() => assert.ok(vscode.languages.getDiagnostics(compose(its)).some((d) => rule(d) === "unknown-host")))
  }],
  ["hands its answers to assistants", async () => {
    await vscode.commands.executeCommand("workbench.mcp.startServer", "seamwise.seamwise/Seamwise", { waitForLiveTools: true, promptType: "all-untrusted", autoTrustChanges: true })
    const tool = await eventually(() => vscode.lm.tools.find((t) => /^mcp_.*find$/.test(t.name)) ?? assert.fail(vscode.lm.tools.map((t) => t.name).join(", ")))
    const source = new vscode.CancellationTokenSource()
    const result = await vscode.lm.invokeTool(tool.name, { input: { query: "payments" }, toolInvocationToken: undefined }, source.token)
    assert.match(JSON.stringify(result.content), /payments\/main\.go/)
  }],
  ["stops and starts again", async (its) => {
    await vscode.commands.executeCommand("seamwise.stop")
    assert.equal(its.it.ctx.state, "stopped")
    assert.deepEqual(await its.it.system.tree.getChildren(), [])
    assert.match(its.it.ctx.item.text, /circle-slash/)
    await vscode.commands.executeCommand("seamwise.restart")
    await running(its)
    await eventually(async () => assert.equal((await labels(its.it.system.tree)).length, 4))
  }],
  ["restarts when the server's settings change, and only then", async (its) => {
    let starts = 0
    const listener = its.it.ctx.changed.event(() => its.it.ctx.state === "starting" && starts++)
    await setting("lens", false, async () => assert.equal(its.it.ctx.state, "running"))
    assert.equal(starts, 0)
    await setting("server.extraEnv", { SEAM_TEST: "1" }, () => eventually(() => assert.ok(starts >= 1)))
    await eventually(() => assert.ok(starts >= 2))
    await running(its)
    listener.dispose()
  }],
]
