// Findings by seam: who talks to whom. Below each one its chain of evidence, why it matters, and what to do.
import * as vscode from "vscode"
import type { detect } from "../asks"
import * as config from "../config"
import type { Ctx } from "../ctx"
import { at, dots, icon, Tree, type Entry } from "./nodes"

const RANK = ["error", "warning", "note"]
const ICONS: Record<string, vscode.ThemeIcon> = {
  error: icon("error", "list.errorForeground"), warning: icon("warning", "list.warningForeground"), note: icon("info", "editorInfo.foreground"),
}

export class Findings {
  readonly tree: Tree
  readonly view: vscode.TreeView<Entry>
  private answer: Promise<detect.Answer | undefined> = Promise.resolve(undefined)

  constructor(private readonly ctx: Ctx) {
    this.tree = new Tree(ctx, () => this.roots())
    this.view = vscode.window.createTreeView("seamwise.findings", { treeDataProvider: this.tree, showCollapseAll: true })
    this.ask()
  }

  readonly refresh = () => (this.ask(), this.tree.refresh())

  /** The findings about any of these nodes and interactions. */
  async about(keys: string[]): Promise<detect.Finding[]> {
    return (await this.answer)?.findings.filter((f) => f.about.some((key) => keys.includes(key))) ?? []
  }

  private ask(): void {
    this.answer = this.ctx.ask("detect", config.findings()).catch((error) => void this.ctx.log.error(String(error)))
  }

  private async roots(): Promise<Entry[]> {
    const answer = await this.answer
    const found = answer?.findings ?? []
    const { errors = 0, warnings = 0, notes = 0, known = 0, allowed = 0 } = answer?.counts ?? {}
    const hidden = dots(known > 0 && `${known} in the baseline`, allowed > 0 && `${allowed} allowed`)
    this.view.message = !answer ? undefined : found.length ? hidden && `Not shown: ${hidden}` : `Nothing found${hidden && `; ${hidden}`}.`
    this.view.badge = errors + warnings ? { value: errors + warnings, tooltip: `${errors} errors, ${warnings} warnings, ${notes} notes` } : undefined
    const seams = new Map<string, detect.Finding[]>()
    for (const finding of found) seams.set(seam(finding), [...(seams.get(seam(finding)) ?? []), finding])
    const worst = (findings: detect.Finding[]) => Math.min(...findings.map((f) => RANK.indexOf(f.severity)))
    return [...seams]
      .sort(([a, x], [b, y]) => worst(x) - worst(y) || y.length - x.length || a.localeCompare(b))
      .map(([label, findings]) => ({
        id: `seam/${label}`,
        label,
        description: `${findings.length}`,
        icon: icon("git-compare"),
        open: seams.size <= 12,
        below: () => findings.map((f) => this.finding(f)),
      }))
  }

  private finding(f: detect.Finding): Entry {
    const line = (n: string, label: string, symbol: string): Entry[] => (label ? [{ id: `${f.key}/${n}`, label, tooltip: label, icon: icon(symbol) }] : [])
    return {
      id: f.key,
      label: f.message.replaceAll("`", ""),
      description: dots(f.rule, f.certainty === "inferred" && "inferred", f.hypothesis && "possible", f.profiles.join(", ")),
      tooltip: `${f.message}\n\n${f.why}\n\n${at(f.at)}`,
      icon: ICONS[f.severity],
      what: "finding",
      subject: f.key,
      at: f.at,
      below: () => [
        ...f.chain.map((step, n) => ({ id: `${f.key}/chain/${n}`, label: step.says.replaceAll("`", ""), description: at(step.at), tooltip: step.at.says, icon: icon(n ? "arrow-small-right" : "debug-breakpoint"), at: step.at })),
        ...(f.chain.length ? [] : [{ id: `${f.key}/at`, label: f.at.says, description: at(f.at), icon: icon("debug-breakpoint"), at: f.at }]),
        ...line("why", f.why, "comment"),
        ...line("help", f.help, "lightbulb"),
        ...f.open.flatMap((open, n) => line(`open/${n}`, open, "question")),
      ],
    }
  }
}

/** `a → b`, as the keys of what it is about say; the caller alone where several are called. */
function seam(finding: detect.Finding): string {
  const ends = finding.about.map((key) => /^edge\/(.+?)\/[a-z-]+\/(.+)$/.exec(key)).filter((match) => match !== null)
  const [from, to] = [1, 2].map((side) => [...new Set(ends.map((match) => match[side] ?? ""))])
  if (from?.length === 1 && to?.length) return to.length <= 2 ? `${from[0]} → ${to.join(", ")}` : `${from[0]} → ${to.length} others`
  if (from?.length && to?.length === 1) return from.length <= 2 ? `${from.join(", ")} → ${to[0]}` : `${from.length} others → ${to[0]}`
  if (from?.length) return from.length <= 3 ? from.join(" ⇄ ") : `between ${new Set([...from, ...(to ?? [])]).size} services`
  return finding.about[0]?.split("/").slice(1).join("/") ?? "elsewhere"
}
