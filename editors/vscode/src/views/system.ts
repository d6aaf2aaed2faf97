// The system as a tree: services, stores, brokers and what is outside, with what passes between them and their findings.
// What is below a row is asked for when it is opened.
import * as vscode from "vscode"
import type { map, services } from "../asks"
import * as config from "../config"
import type { Ctx } from "../ctx"
import { at, count, dots, icon, Tree, type Entry } from "./nodes"

const SECTIONS: [string, string[]][] = [
  ["Services", ["service", "gateway"]],
  ["Stores", ["database", "cache"]],
  ["Brokers", ["broker"]],
  ["Outside", ["external", "server"]],
  ["Tools", ["tool"]],
]
const ICONS: Record<string, string> = {
  service: "symbol-method", gateway: "globe", server: "server", database: "database", cache: "zap", broker: "mail", external: "cloud", tool: "tools",
}

export class System {
  readonly tree: Tree
  readonly view: vscode.TreeView<Entry>
  private filter = ""
  private sections: Entry[] = []

  constructor(private readonly ctx: Ctx) {
    this.tree = new Tree(ctx, () => this.roots())
    this.view = vscode.window.createTreeView("seamwise.system", { treeDataProvider: this.tree, showCollapseAll: true })
  }

  /** Only rows whose name, language or product contains this. */
  narrow(filter: string): void {
    this.filter = filter.toLowerCase()
    this.view.message = filter ? `Only “${filter}”` : undefined
    this.tree.refresh()
  }

  async reveal(name: string): Promise<void> {
    if (this.filter) this.narrow("")
    for (const section of await this.tree.getChildren()) {
      const entry = (await this.tree.getChildren(section)).find((e) => e.subject === name)
      if (entry) return void (await this.view.reveal(entry, { expand: true, focus: true }))
    }
  }

  private async roots(): Promise<Entry[]> {
    const answer = await this.ctx.ask("services", { profile: config.profile(), findings: config.findings() })
    const rows = (answer?.services ?? []).filter((row) => this.shows(row))
    void vscode.commands.executeCommand("setContext", "seamwise.empty", answer?.services.length === 0)
    this.sections = SECTIONS.flatMap(([label, kinds]) => {
      const own = rows.filter((row) => kinds.includes(row.kind))
      if (!own.length) return []
      return [{ id: label, label, description: `${own.length}`, open: label !== "Outside" && label !== "Tools", below: () => own.map((row) => this.node(row)) }]
    })
    return this.sections
  }

  private shows(row: services.Row): boolean {
    return [row.name, row.kind, row.system ?? "", ...row.languages].join(" ").toLowerCase().includes(this.filter)
  }

  private node(row: services.Row): Entry {
    const trouble = row.trouble
    const colour = trouble?.errors ? "list.errorForeground" : trouble?.warnings ? "list.warningForeground" : undefined
    const found = trouble && dots(count(trouble.errors, "error"), count(trouble.warnings, "warning"), count(trouble.notes, "note"))
    return {
      id: `node/${row.name}`,
      label: row.name,
      description: dots(found, row.system ?? row.languages.join(", "), count(row.endpoints, "endpoint"), row.used_by.length && `← ${row.used_by.length}`, row.uses.length && `→ ${row.uses.length}`),
      tooltip: dots(row.kind, row.roots.join(", ")) + (row.uses.length ? `\nuses ${row.uses.join(", ")}` : "") + (row.used_by.length ? `\nused by ${row.used_by.join(", ")}` : ""),
      icon: icon(ICONS[row.kind] ?? "circle", colour),
      what: "node",
      subject: row.name,
      below: () => this.details(row.name),
    }
  }

  private async details(name: string): Promise<Entry[]> {
    const map = await this.ctx.ask("map", { service: name, profile: config.profile() })
    if (!map) return []
    const own = map.nodes.find((n) => n.name === name)
    const section = (label: string, symbol: string, entries: Entry[]): Entry[] =>
      entries.length ? [{ id: `${name}/${label}`, label, description: `${entries.length}`, icon: icon(symbol), below: () => entries }] : []
    return [
      ...(own?.evidence.slice(0, 1) ?? []).map((e) => ({ id: `${name}/declared`, label: "Declared", description: at(e), tooltip: e.says, icon: icon("symbol-file"), at: e })),
      ...section("Serves", "symbol-interface", map.endpoints.filter((e) => e.service === name).map((e) => this.endpoint(e))),
      ...section("Uses", "arrow-right", map.interactions.filter((i) => i.from === name).map((i) => this.interaction(i, name, i.to))),
      ...section("Used by", "arrow-left", map.interactions.filter((i) => i.to === name && i.from !== name).map((i) => this.interaction(i, name, i.from))),
      ...section("Settings", "settings-gear", map.settings.filter((s) => s.service === name).map((s, n) => ({
        id: `${name}/set/${s.key}/${n}`, label: s.key, description: s.value, tooltip: dots(at(s.at), s.profile), icon: icon("symbol-constant"), at: s.at,
      }))),
      ...section("Not resolved", "question", map.unresolved.filter((u) => u.service === name).map((u, n) => ({
        id: `${name}/open/${n}`, label: `${u.what} ${u.value}`, description: u.why, tooltip: at(u.at), icon: icon("question"), at: u.at,
      }))),
    ]
  }

  private endpoint(e: map.Endpoint): Entry {
    const label = [e.method ?? (e.protocol === "http" ? "ANY" : ""), e.path].filter(Boolean).join(" ")
    return { id: e.key, label, description: dots(e.protocol !== "http" && e.protocol, e.handler), icon: icon("symbol-interface"), at: e.evidence[0] }
  }

  private interaction(i: map.Interaction, name: string, other: string): Entry {
    const policies = i.policies.map((p) => dots(p.kind, p.millis && `${p.millis} ms`, p.attempts && `${p.attempts} attempts`, p.inferred && "default"))
    return {
      id: `${name}/${i.key}`,
      label: other,
      description: dots(i.kind, i.certainty === "inferred" && "inferred", ...new Set(i.operations.slice(0, 2).map((o) => o.operation))),
      tooltip: [i.key, ...policies].join("\n"),
      icon: icon(i.to === other ? "arrow-right" : "arrow-left"),
      below: () => [
        ...i.operations.map((o, n) => ({ id: `${name}/${i.key}/${n}`, label: o.operation || o.client, description: dots(o.within, at(o.at)), tooltip: o.at.says, icon: icon("symbol-method"), at: o.at })),
        ...i.policies.map((p, n) => ({ id: `${name}/${i.key}/p${n}`, label: policies[n] ?? p.kind, description: dots(p.on, at(p.at)), tooltip: p.detail, icon: icon("watch"), at: p.at })),
      ],
    }
  }
}
