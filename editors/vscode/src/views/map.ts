// The service map's panel. The picture comes from the question `drawing`; the page draws it and sends back what was chosen.
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as vscode from "vscode"
import type { drawing } from "../asks"
import * as config from "../config"
import type { Ctx } from "../ctx"
import type { Findings } from "./findings"

/** From the page. Paths and keys in it come from answers that it was given. */
export type FromPage =
  | { type: "draw"; request: drawing.Request }
  | { type: "open"; path: string; line: number }
  | { type: "findings"; keys: string[] }
  | { type: "explain"; rule: string }
  | { type: "reveal"; name: string }
  | { type: "png"; data: string }

/** To the page. */
export type ToPage =
  | { type: "drawing"; answer: drawing.Answer }
  | { type: "refused"; message: string }
  | { type: "changed" }
  | { type: "findings"; keys: string[]; findings: { key: string; rule: string; severity: string; message: string; path: string; line: number }[] }
  | { type: "focus"; name: string }
  | { type: "png" }

export class ServiceMap implements vscode.WebviewPanelSerializer {
  panel: vscode.WebviewPanel | undefined
  /** What the page showed last, for tests and for a focus that comes before the page is there. */
  drawn: drawing.Answer | undefined
  private asked: drawing.Request = {}
  private focus: string | undefined
  private png: ((data: Buffer) => void) | undefined

  constructor(private readonly ctx: Ctx, private readonly findings: Findings) {
    ctx.extension.subscriptions.push(vscode.window.registerWebviewPanelSerializer("seamwise.map", this))
    ctx.changed.event(() => this.post({ type: "changed" }))
  }

  show(focus?: string): void {
    this.focus = focus
    if (!this.panel) return this.fill(vscode.window.createWebviewPanel("seamwise.map", "Service Map", vscode.ViewColumn.Active, this.options()))
    this.panel.reveal()
    if (focus) this.post({ type: "focus", name: focus })
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    panel.webview.options = this.options()
    this.fill(panel)
  }

  /** What the page shows, with its filters, focus and groups. */
  request(): drawing.Request {
    return { ...this.asked, profile: config.profile(), findings: config.findings() }
  }

  /** The picture as it is seen. */
  image(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.png = resolve
      setTimeout(() => reject(new Error("the map gave no picture")), 20_000)
      if (this.panel && this.drawn) this.post({ type: "png" })
      else this.show()
    })
  }

  private options(): vscode.WebviewOptions & vscode.WebviewPanelOptions {
    const at = (folder: string) => vscode.Uri.joinPath(this.ctx.extension.extensionUri, folder)
    return { enableScripts: true, localResourceRoots: [at("out"), at("media")] }
  }

  private fill(panel: vscode.WebviewPanel): void {
    this.panel = panel
    const icon = (name: string) => vscode.Uri.joinPath(this.ctx.extension.extensionUri, "media", name)
    panel.iconPath = { light: icon("seam.svg"), dark: icon("seam-dark.svg") }
    panel.webview.onDidReceiveMessage((message: FromPage) => this.receive(message))
    panel.onDidDispose(() => ((this.panel = this.drawn = undefined), (this.asked = {})))
    panel.webview.html = this.html(panel.webview)
  }

  private post(message: ToPage): void {
    void this.panel?.webview.postMessage(message)
  }

  private async receive(message: FromPage): Promise<void> {
    switch (message?.type) {
      case "draw": {
        if (this.ctx.state !== "running") return this.post({ type: "refused", message: "The server is not running." })
        this.asked = this.focus ? { ...message.request, around: this.focus } : message.request
        if (this.focus) this.post({ type: "focus", name: this.focus })
        this.focus = undefined
        try {
          const answer = await this.ctx.ask("drawing", this.request())
          if (!answer) return
          this.drawn = answer
          this.post({ type: "drawing", answer })
          if (this.png) this.post({ type: "png" })
        } catch (error) {
          this.post({ type: "refused", message: (error as Error).message })
        }
        return
      }
      case "open": return this.ctx.open(String(message.path), Number(message.line), this.panel?.viewColumn === vscode.ViewColumn.One)
      case "findings": {
        const found = await this.findings.about(message.keys.map(String))
        const findings = found.map(({ key, rule, severity, message, at }) => ({ key, rule, severity, message, path: at.path, line: at.line }))
        return this.post({ type: "findings", keys: message.keys, findings })
      }
      case "explain": return void vscode.commands.executeCommand("seamwise.explain", String(message.rule))
      case "reveal": return void vscode.commands.executeCommand("seamwise.revealNode", String(message.name))
      case "png":
        this.png?.(Buffer.from(String(message.data).replace(/^data:image\/png;base64,/, ""), "base64"))
        this.png = undefined
    }
  }

  private html(webview: vscode.Webview): string {
    const at = (...path: string[]) => vscode.Uri.joinPath(this.ctx.extension.extensionUri, ...path)
    const uri = (...path: string[]) => webview.asWebviewUri(at(...path)).toString()
    const values: Record<string, string> = { nonce: randomBytes(16).toString("base64"), source: webview.cspSource, style: uri("media", "map.css"), script: uri("out", "map.js") }
    return fs.readFileSync(at("media", "map.html").fsPath, "utf8").replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all)
  }
}
