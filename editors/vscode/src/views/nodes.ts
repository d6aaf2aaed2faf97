// What both trees share: entries that know how to make what is below them.
import * as vscode from "vscode"
import type { Ctx } from "../ctx"

export interface Place {
  path: string
  line: number
}

export interface Entry {
  label: string
  description?: string
  tooltip?: string
  icon?: vscode.ThemeIcon | vscode.Uri
  /** Stable over refreshes, so that what is open stays open. */
  id: string
  /** Words that menus look for: `node`, `finding`; `place` is added. */
  what?: string
  at?: Place
  /** The node, rule or key that commands are about. */
  subject?: string
  open?: boolean
  below?: () => Promise<Entry[]> | Entry[]
}

export class Tree implements vscode.TreeDataProvider<Entry> {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeTreeData = this.changed.event
  private readonly parents = new Map<string, Entry>()

  constructor(private readonly ctx: Ctx, private readonly roots: () => Promise<Entry[]>) {}

  readonly refresh = () => this.changed.fire()

  getTreeItem(entry: Entry): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState
    const item = new vscode.TreeItem(entry.label, !entry.below ? None : entry.open ? Expanded : Collapsed)
    item.id = entry.id
    item.description = entry.description
    item.tooltip = entry.tooltip
    item.iconPath = entry.icon
    item.contextValue = [entry.what, entry.at && "place"].filter(Boolean).join(" ")
    if (entry.at && !entry.below) item.command = { command: "seamwise.reveal", title: "Reveal", arguments: [entry] }
    return item
  }

  async getChildren(parent?: Entry): Promise<Entry[]> {
    try {
      const entries = await (parent ? parent.below?.() : this.roots())
      if (parent) for (const entry of entries ?? []) this.parents.set(entry.id, parent)
      return entries ?? []
    } catch (error) {
      this.ctx.log.error(String(error))
      return [{ id: `${parent?.id}!`, label: (error as Error).message, icon: new vscode.ThemeIcon("error") }]
    }
  }

  readonly getParent = (entry: Entry) => this.parents.get(entry.id)
}

export const icon = (name: string, colour?: string) => new vscode.ThemeIcon(name, colour ? new vscode.ThemeColor(colour) : undefined)
export const count = (n: number, one: string, many = `${one}s`) => (n ? `${n} ${n === 1 ? one : many}` : "")
export const dots = (...parts: (string | number | undefined | null | false)[]) => parts.filter(Boolean).join(" · ")
export const at = (place: Place) => `${place.path}:${place.line}`
