// What lives as long as the window: the client, the status item, the log, and the way from paths in answers to files.
import * as vscode from "vscode"
import { LanguageClient, RevealOutputChannelOn, State } from "vscode-languageclient/node"
import type { Asks } from "./asks"
import * as bootstrap from "./bootstrap"
import * as config from "./config"
import * as lsp from "./lsp_ext"

type Running = "absent" | "stopped" | "starting" | "running"

export class Ctx {
  readonly log = vscode.window.createOutputChannel("Seamwise", { log: true })
  readonly item = vscode.window.createStatusBarItem("seamwise.status", vscode.StatusBarAlignment.Left)
  /** Told after every new graph, and when the server starts or stops. */
  readonly changed = new vscode.EventEmitter<void>()
  server: bootstrap.Server | undefined
  version = ""
  status: lsp.Status | undefined
  state: Running = "stopped"
  private client: LanguageClient | undefined
  private trace: vscode.OutputChannel | undefined
  private roots: lsp.Root[] = []

  constructor(readonly extension: vscode.ExtensionContext) {
    this.item.name = "Seamwise"
    extension.subscriptions.push(this.log, this.item, this.changed)
  }

  env(): NodeJS.ProcessEnv {
    return { ...process.env, ...config.extraEnv() }
  }

  /** Finds the server and asks for its version; says what to do when there is none. */
  async locate(): Promise<bootstrap.Server | undefined> {
    const found = bootstrap.find({ env: process.env, setting: config.serverPath(), extension: this.extension.extensionPath })
    const failed = (why: string) => {
      this.log.error(why)
      this.become("absent")
      const choose = "Choose Program", show = "Show Log"
      void vscode.window.showErrorMessage(`Seamwise: ${why}.`, choose, show).then((picked) => {
        if (picked === choose) void vscode.commands.executeCommand("workbench.action.openSettings", "seamwise.server.path")
        if (picked === show) this.log.show()
      })
      return undefined
    }
    if (typeof found === "string") return failed(found)
    try {
      this.version = await bootstrap.version(found.path, this.env())
    } catch (error) {
      return failed((error as Error).message)
    }
    this.log.info(`server: ${found.path}, from ${found.from}, ${this.version}`)
    return (this.server = found)
  }

  async start(): Promise<void> {
    await this.stop()
    if (!config.enabled() || !vscode.workspace.workspaceFolders?.length) return this.become("stopped")
    const server = await this.locate()
    if (!server) return
    this.become("starting")
    const run = { command: server.path, args: ["lsp"], options: { env: this.env() } }
    this.trace ??= vscode.window.createOutputChannel("Seamwise Trace")
    this.client = new LanguageClient("seamwise", "Seamwise", { run, debug: run }, {
      documentSelector: [{ scheme: "file" }],
      initializationOptions: config.forServer(),
      outputChannel: this.log,
      traceOutputChannel: this.trace,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
    })
    const client = this.client
    client.onNotification(lsp.status, (status) => ((this.status = status), this.draw()))
    client.onNotification(lsp.changed, () => this.changed.fire())
    client.onDidChangeState(({ newState }) => newState === State.Stopped && client === this.client && this.become("stopped"))
    try {
      await client.start()
      this.roots = client.initializeResult?.capabilities.experimental?.roots ?? []
      this.become("running")
    } catch (error) {
      this.log.error(`the server did not start: ${(error as Error).message}`)
      this.become("stopped")
    }
  }

  async stop(): Promise<void> {
    const client = this.client
    this.client = undefined
    this.status = undefined
    await client?.dispose().catch((error) => this.log.warn(String(error)))
    this.become("stopped")
  }

  /** Puts a question. Undefined while there is no server; a refusal is logged and shown as its message. */
  async ask<N extends keyof Asks>(name: N, request: Asks[N]["request"]): Promise<Asks[N]["answer"] | undefined> {
    if (this.state !== "running" || !this.client) return undefined
    return JSON.parse((await this.client.sendRequest(lsp.ask, { name, request })).text)
  }

  /** The map that a request of `drawing` means, as `svg`, `mermaid` or `dot`; `html` shows the whole. */
  async picture(format: string, request: object): Promise<string> {
    if (!this.client) throw new Error("the server is not running")
    return (await this.client.sendRequest<{ text: string }>("seam/draw", { format, request })).text
  }

  async execute(command: string, ...args: unknown[]): Promise<void> {
    await this.client?.sendRequest("workspace/executeCommand", { command, arguments: args })
  }

  readonly configure = () => void this.client?.sendNotification("workspace/didChangeConfiguration", { settings: { seamwise: config.forServer() } })

  /** The file that a path in an answer means. */
  uri(path: string): vscode.Uri {
    const root = this.roots.find((r) => r.prefix === "" || path.startsWith(`${r.prefix}/`))
    const folder = root ? vscode.Uri.parse(root.uri) : vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file("/")
    return vscode.Uri.joinPath(folder, root?.prefix ? path.slice(root.prefix.length + 1) : path)
  }

  async open(path: string, line: number, beside = false): Promise<void> {
    const selection = new vscode.Range(line - 1, 0, line - 1, 0)
    const viewColumn = beside ? vscode.ViewColumn.Beside : undefined
    await vscode.window.showTextDocument(this.uri(path), { selection, viewColumn, preview: true })
  }

  private become(state: Running): void {
    if (state === this.state && state !== "running") return this.draw()
    this.state = state
    void vscode.commands.executeCommand("setContext", "seamwise.state", state)
    this.draw()
    this.changed.fire()
  }

  private draw(): void {
    const { item, status } = this
    const busy = this.state === "starting" || status?.indexing
    const health = this.state === "absent" ? "error" : this.state === "stopped" ? "warning" : status?.health ?? "ok"
    const counts = status && !busy ? [status.errors && ` $(error) ${status.errors}`, status.warnings && ` $(warning) ${status.warnings}`] : []
    const progress = status?.indexing && status.total ? ` ${status.done}/${status.total}` : ""
    item.text = `$(${busy ? "loading~spin" : this.state === "stopped" ? "circle-slash" : "type-hierarchy"}) Seamwise${progress}${counts.filter(Boolean).join("")}`
    item.backgroundColor = health === "ok" || busy ? undefined : new vscode.ThemeColor(`statusBarItem.${health}Background`)
    item.command = "seamwise.system.focus"
    const tip = new vscode.MarkdownString("", true)
    tip.isTrusted = true
    const said = this.state === "running" ? status?.message : { absent: "the program `seam` was not found", stopped: "the server is stopped", starting: "the server starts" }[this.state]
    tip.appendMarkdown(`**Seamwise** ${status?.version ?? this.version}\n\n${said ?? ""}\n\n`)
    if (status) tip.appendMarkdown(`${status.services} services · ${status.files} files · ${status.errors} errors, ${status.warnings} warnings, ${status.notes} notes\n\n`)
    tip.appendMarkdown("---\n\n[$(type-hierarchy) Map](command:seamwise.map) · [$(list-tree) Findings](command:seamwise.findings.focus) · [$(output) Log](command:seamwise.log) · ")
    tip.appendMarkdown("[$(debug-restart) Restart](command:seamwise.restart) · [$(debug-stop) Stop](command:seamwise.stop)")
    item.tooltip = tip
    item.show()
  }
}
